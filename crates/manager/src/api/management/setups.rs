//! Which setups there are in the cluster, as one instance lists its own. An id on several instances is listed once.

use std::collections::BTreeSet;

use super::envelope::{LeftOut, prepare};
use super::overview::setup_ids;
use crate::federation::{Answer, Overview, Prepared};

/// Writes them.
pub(super) fn whole(answer: &Answer<Overview>) -> Prepared {
    let content = &answer.content;
    let ids: BTreeSet<&str> = content.parts.iter().flat_map(setup_ids).collect();
    prepare(content, |text| {
        text.field("count", &ids.len()).field("setupIds", &ids);
        LeftOut::default()
    })
}
