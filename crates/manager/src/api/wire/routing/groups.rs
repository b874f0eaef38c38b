//! Groups of candidates, with why others are excluded.

use peegeeq_domain::federation::{PhysicalHost, PhysicalIdentity};
use peegeeq_domain::routing::explain::{GroupTold, Row, RowStanding, Score};
use peegeeq_domain::routing::ladder::Rung;
use serde::Serialize;
use utoipa::ToSchema;

use super::rounded;

/// Those who show the same data.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupView {
    /// The database they are attached to; null if the group is not about a setup, or nobody told it.
    pub database: Option<DatabaseView>,
    /// How much begins near, and how much farther away.
    pub levels: Vec<LevelView>,
    /// From near to far, then those on probation, then those that are excluded.
    pub members: Vec<MemberView>,
}

/// A database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseView {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its name.
    pub database: String,
    /// The schema in it.
    pub schema: String,
    /// The environment whose network it is in.
    pub environment: String,
}

/// Candidates that are equally near.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LevelView {
    /// `zone`, `region` or `environment`.
    pub rung: &'static str,
    /// How many of a thousand requests begin here.
    pub share: u32,
    /// How many candidates it has.
    pub candidates: usize,
}

/// A member of a group.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberView {
    /// Its id.
    pub instance_id: String,
    /// `candidate`, `probation` or `excluded`.
    pub standing: &'static str,
    /// The word for why it is excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// How it stands, as a sentence.
    pub sentence: String,
    /// The request would go there.
    pub chosen: bool,
    /// The numbers behind a choice; null for those that are no candidates.
    pub score: Option<ScoreView>,
}

/// The numbers behind a choice.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoreView {
    /// `zone`, `region` or `environment`.
    pub rung: &'static str,
    /// Its share relative to others.
    pub weight: u32,
    /// The part of its weight that counts: it grows from 0.1 to 1 while it is new.
    pub maturity: f64,
    /// Requests under way.
    pub in_flight: u32,
    /// Its latency in milliseconds.
    pub latency_ms: f64,
    /// What is compared, the less the better; null where the strategy does not compare.
    pub cost: Option<f64>,
    /// It should be left alone, but too few would remain.
    pub spared: bool,
}

impl GroupView {
    /// A group, with no numbers of a single choice if there is none.
    pub(super) fn of(group: &GroupTold) -> Self {
        Self {
            database: group.database.as_deref().map(DatabaseView::of),
            levels: levels(&group.rows),
            members: group.rows.iter().map(MemberView::of).collect(),
        }
    }
}

fn levels(rows: &[Row]) -> Vec<LevelView> {
    let scores = || rows.iter().filter_map(|row| if let RowStanding::Seat(score) = &row.standing { Some(score) } else { None });
    let level = |rung: Rung| {
        let share = scores().find(|score| score.rung == rung)?.share;
        Some(LevelView { rung: rung.as_str(), share, candidates: scores().filter(|score| score.rung == rung).count() })
    };
    Rung::ALL.into_iter().filter_map(level).collect()
}

impl DatabaseView {
    fn of(identity: &PhysicalIdentity) -> Self {
        let host = match &identity.host {
            PhysicalHost::Named(name) => name.clone(),
            PhysicalHost::BesideInstance { instance_host, socket: None } => format!("localhost of {instance_host}"),
            PhysicalHost::BesideInstance { instance_host, socket: Some(socket) } => format!("{socket} on {instance_host}"),
        };
        Self {
            host,
            port: identity.port,
            database: identity.database.to_string(),
            schema: identity.schema.to_string(),
            environment: identity.environment.to_string(),
        }
    }
}

impl MemberView {
    fn of(row: &Row) -> Self {
        let (standing, reason, sentence, score) = match &row.standing {
            RowStanding::Seat(score) if score.spared => {
                ("candidate", None, "it should be left alone, but too few would remain".to_owned(), Some(ScoreView::of(score)))
            }
            RowStanding::Seat(score) => ("candidate", None, "it can serve the request".to_owned(), Some(ScoreView::of(score))),
            RowStanding::Probation { .. } => ("probation", None, "one request may find out whether it is well again".to_owned(), None),
            RowStanding::Excluded(why) => ("excluded", Some(why.word()), why.to_string(), None),
        };
        Self { instance_id: row.instance.to_string(), standing, reason, sentence, chosen: row.chosen, score }
    }
}

impl ScoreView {
    fn of(score: &Score) -> Self {
        Self {
            rung: score.rung.as_str(),
            weight: score.weight,
            maturity: rounded(score.maturity),
            in_flight: score.in_flight,
            latency_ms: rounded(score.latency),
            cost: score.cost.map(rounded),
            spared: score.spared,
        }
    }
}
