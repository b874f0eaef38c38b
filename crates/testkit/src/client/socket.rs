//! Owns a client for WebSockets. Does not own what is said over them.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::ClientError;
use crate::net;

/// What comes over a WebSocket.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A text frame.
    Text(String),
    /// A binary frame.
    Binary(Vec<u8>),
    /// The other side closed, with this code; 1005 when it gave none.
    Closed(u16),
}

/// A client with one WebSocket.
#[derive(Debug)]
pub struct SocketClient {
    socket: WebSocketStream<TcpStream>,
    headers: HeaderMap,
    bound: Duration,
}

impl SocketClient {
    /// Connects and shakes hands. Each reading waits as long as `bound`.
    ///
    /// # Errors
    ///
    /// When there is no connection, or the answer is another than 101: the text tells its status.
    pub async fn open(addr: SocketAddr, target: &str, headers: &[(&str, &str)], bound: Duration) -> Result<Self, ClientError> {
        let invalid = |error: &dyn std::fmt::Display| ClientError::Invalid(error.to_string());
        let mut request = format!("ws://{addr}{target}").into_client_request().map_err(|error| invalid(&error))?;
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| invalid(&error))?;
            request.headers_mut().append(name, HeaderValue::from_str(value).map_err(|error| invalid(&error))?);
        }
        let stream = TcpStream::connect(addr).await.map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        let shaking = tokio::time::timeout(bound, tokio_tungstenite::client_async(request, stream));
        let shaken = shaking.await.map_err(|_| ClientError::Timeout(bound))?;
        let (socket, answer) = shaken.map_err(|error| ClientError::Http(error.to_string()))?;
        Ok(Self { socket, headers: answer.headers().clone(), bound })
    }

    /// The headers of the 101.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Sends JSON as text.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn say(&mut self, json: &Value) -> Result<(), ClientError> {
        self.socket.send(Message::text(json.to_string())).await.map_err(broken)
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn say_bytes(&mut self, bytes: Vec<u8>) -> Result<(), ClientError> {
        self.socket.send(Message::binary(bytes)).await.map_err(broken)
    }

    /// What the other side says next; pings and pongs are passed over.
    ///
    /// # Errors
    ///
    /// When the connection breaks off without a close, or the bound passes.
    pub async fn next(&mut self) -> Result<Said, ClientError> {
        loop {
            let heard = tokio::time::timeout(self.bound, self.socket.next()).await.map_err(|_| ClientError::Timeout(self.bound))?;
            match heard {
                Some(Ok(Message::Text(text))) => return Ok(Said::Text(text.to_string())),
                Some(Ok(Message::Binary(bytes))) => return Ok(Said::Binary(bytes.to_vec())),
                Some(Ok(Message::Close(frame))) => return Ok(Said::Closed(frame.map_or(1_005, |frame| frame.code.into()))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(broken(error)),
                None => return Err(ClientError::Http("the connection ended without a close".to_owned())),
            }
        }
    }

    /// The next JSON whose `type` is this; others are passed over.
    ///
    /// # Errors
    ///
    /// As [`Self::next`], and when the other side closes before.
    pub async fn next_of(&mut self, kind: &str) -> Result<Value, ClientError> {
        loop {
            match self.next().await? {
                Said::Text(text) => {
                    let json: Value = serde_json::from_str(&text).unwrap_or_default();
                    if json["type"] == kind {
                        return Ok(json);
                    }
                }
                Said::Binary(_) => {}
                Said::Closed(code) => return Err(ClientError::Http(format!("closed with {code} before {kind:?}"))),
            }
        }
    }

    /// Says goodbye.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn close(&mut self) -> Result<(), ClientError> {
        self.socket.close(None).await.map_err(broken)
    }

    /// Closes the sending side of the connection without a goodbye; reading goes on.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn half_close(&mut self) -> Result<(), ClientError> {
        self.socket.get_mut().shutdown().await.map_err(ClientError::Connect)
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        net::reset(self.socket.into_inner());
    }
}

fn broken(error: Error) -> ClientError {
    ClientError::Http(error.to_string())
}
