//! The full record of an instance in the metadata of a Consul service: base64url JSON in pieces of 512 bytes.
//!
//! Owns the names of the pieces and their number. Does not own what is in the record: it is the one of the store.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peegeeq_domain::instance::Instance;

use crate::registry::store;

/// The most bytes of one value of Consul's metadata.
const PIECE_MAX: usize = 512;
/// The most pieces: Consul allows 64 keys, and one is ours for the form.
const PIECES_MAX: usize = 63;
/// Says in which form the record is, and in how many pieces: `1/3`.
const FORM_KEY: &str = "peegeeq-record";
/// The form that is written.
const FORM: &str = "1";

/// The metadata that holds an instance, or why there is none.
pub(super) fn write(instance: &Instance) -> Result<BTreeMap<String, String>, String> {
    let text = URL_SAFE_NO_PAD.encode(store::instance_json(instance));
    let pieces: Vec<&str> = text.as_bytes().chunks(PIECE_MAX).map(|piece| std::str::from_utf8(piece).unwrap_or_default()).collect();
    if pieces.len() > PIECES_MAX {
        let (most, bytes) = (PIECES_MAX * PIECE_MAX, text.len());
        return Err(format!("registration takes {bytes} bytes in Consul's metadata, which holds {most}: shorten the instance's metadata"));
    }
    let mut meta = BTreeMap::from([(FORM_KEY.to_owned(), format!("{FORM}/{}", pieces.len()))]);
    meta.extend(pieces.iter().enumerate().map(|(number, piece)| (key(number), (*piece).to_owned())));
    Ok(meta)
}

/// The instance that metadata holds: `None` if it holds none of ours, or why it cannot be read.
pub(super) fn read(id: &str, meta: &BTreeMap<String, String>) -> Option<Result<Instance, String>> {
    let form = meta.get(FORM_KEY)?;
    Some(decode(id, form, meta))
}

fn decode(id: &str, form: &str, meta: &BTreeMap<String, String>) -> Result<Instance, String> {
    let pieces = form.strip_prefix(FORM).and_then(|rest| rest.strip_prefix('/')).and_then(|pieces| pieces.parse::<usize>().ok());
    let pieces = pieces.filter(|pieces| *pieces <= PIECES_MAX).ok_or_else(|| format!("its record has the form {form:?}"))?;
    let mut text = String::with_capacity(pieces * PIECE_MAX);
    for number in 0..pieces {
        text.push_str(meta.get(&key(number)).ok_or_else(|| format!("piece {number} of its record is missing"))?);
    }
    let json = URL_SAFE_NO_PAD.decode(text).map_err(|error| format!("its record is no base64url: {error}"))?;
    store::instance_from_json(id, &json)
}

fn key(number: usize) -> String {
    format!("{FORM_KEY}-{number}")
}
