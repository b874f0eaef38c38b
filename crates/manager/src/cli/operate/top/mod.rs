//! `top`: the cluster in a terminal, refreshed in place.

mod keys;
mod screen;

use std::io::IsTerminal;

use peegeeq_service_manager_client::models::federation::{GroupedQueues, Overview};
use peegeeq_service_manager_client::models::instances::InstanceList;
use peegeeq_service_manager_client::models::manager::ManagerHealth;
use peegeeq_service_manager_client::{Client, Filter, Query};

use super::failure::{FORBIDDEN, Failure, USAGE};
use super::line::Top;
use super::output::{Page, Screen, terminal_size};
use super::{connect, repeat};

/// What is drawn. Each part may be missing on its own.
pub(super) struct Shot {
    server: String,
    health: Result<ManagerHealth, Failure>,
    list: Result<InstanceList, Failure>,
    overview: Result<Overview, Failure>,
    queues: Result<GroupedQueues, Failure>,
}

impl Shot {
    async fn take(client: &Client) -> Self {
        let (filter, query) = (Filter::default(), Query::default());
        let (health, list, overview, queues) =
            tokio::join!(client.health(), client.list_instances(&filter), client.overview(&query), client.queues(&query));
        Self {
            server: client.server(),
            health: health.map_err(Failure::from),
            list: list.map_err(Failure::from),
            overview: overview.map_err(Failure::from),
            queues: queues.map_err(Failure::from),
        }
    }

    /// Why it makes no sense to ask again.
    fn hopeless(&self) -> Option<Failure> {
        let failure = self.list.as_ref().err()?;
        matches!(failure.code, USAGE | FORBIDDEN).then(|| failure.clone())
    }
}

pub(super) async fn run(asked: Top) -> Result<Page, Failure> {
    let client = connect::client(&asked.manager)?;
    let screen = Screen::of_output(asked.color);
    let is_terminal = std::io::stdout().is_terminal();
    if asked.once || !is_terminal {
        let shot = Shot::take(&client).await;
        return match &shot.list {
            Err(failure) => Err(failure.clone()),
            Ok(_) => Ok(Page::of(screen::draw(&shot, &screen, None, None))),
        };
    }
    let shot = Shot::take(&client).await;
    if let Some(failure) = shot.hopeless() {
        return Err(failure);
    }
    let keys = keys::Keys::listen();
    let mut end = std::pin::pin!(repeat::end_signal());
    let mut shot = shot;
    loop {
        let (columns, rows) = terminal_size();
        let sized = Screen { width: Some(columns), ..screen };
        let help = if keys.is_listening() { "q ends" } else { "Ctrl-C ends" };
        let text = screen::draw(&shot, &sized, Some(rows), Some(help));
        // Without the last newline: it would scroll a full screen.
        if !repeat::print(repeat::in_place(&text).trim_end_matches("\n\x1b[J"))? || !repeat::print("\x1b[J")? {
            return Ok(Page::default());
        }
        tokio::select! {
            () = &mut end => return Ok(Page::default()),
            () = keys.quit() => return Ok(Page::default()),
            () = tokio::time::sleep(asked.interval.0) => {}
        }
        shot = tokio::select! {
            () = &mut end => return Ok(Page::default()),
            () = keys.quit() => return Ok(Page::default()),
            shot = Shot::take(&client) => shot,
        };
    }
}
