//! How an instance is classified: version, environment, region and free metadata, all bounded.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

/// The most metadata keys an instance may have; the same for every registry backend.
pub const METADATA_KEYS_MAX: usize = 64;

/// The most bytes all metadata keys and values of an instance may take together.
pub const METADATA_BYTES_MAX: usize = 16 * 1024;

/// The most characters of a version, environment or region.
pub(super) const LABEL_CHARACTERS_MAX: usize = 128;

/// The labels of an instance. Filters match on these, exactly and with regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// Version of the instance's software, `unknown` if it did not say.
    pub version: Arc<str>,
    /// Environment, `default` if it did not say.
    pub environment: Arc<str>,
    /// Region, `default` if it did not say.
    pub region: Arc<str>,
    /// Free text by key, sorted by key.
    pub metadata: BTreeMap<Arc<str>, Arc<str>>,
}

/// The first metadata rule that `metadata` breaks, if any.
pub(super) fn metadata_fault(metadata: &BTreeMap<Arc<str>, Arc<str>>) -> Option<String> {
    if metadata.len() > METADATA_KEYS_MAX {
        return Some(alloc::format!("metadata must have at most {METADATA_KEYS_MAX} keys, got {}", metadata.len()));
    }
    let bytes: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > METADATA_BYTES_MAX {
        return Some(alloc::format!("metadata must take at most {METADATA_BYTES_MAX} bytes in all, got {bytes}"));
    }
    None
}
