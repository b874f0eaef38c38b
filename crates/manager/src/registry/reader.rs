//! Reading the catalog: the current picture, and waiting for the next.

use std::sync::Arc;

use arc_swap::ArcSwap;
use peegeeq_domain::catalog::{Catalog, Generation};
use tokio::sync::watch;

/// A reader of the catalog. Cheap to clone; reading never waits for a writer.
#[derive(Clone, Debug)]
pub struct CatalogReader {
    current: Arc<ArcSwap<Catalog>>,
    changed: watch::Receiver<Generation>,
}

/// The writing end of [`CatalogReader`]. The registry's writer alone holds it.
#[derive(Debug)]
pub(crate) struct CatalogPublisher {
    current: Arc<ArcSwap<Catalog>>,
    changed: watch::Sender<Generation>,
}

/// A reader and its publisher, beginning with `catalog`.
pub(crate) fn catalog_cell(catalog: Catalog) -> (CatalogPublisher, CatalogReader) {
    let (sender, receiver) = watch::channel(catalog.generation());
    let current = Arc::new(ArcSwap::from_pointee(catalog));
    (CatalogPublisher { current: current.clone(), changed: sender }, CatalogReader { current, changed: receiver })
}

impl CatalogReader {
    /// The picture now.
    pub fn current(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Waits until the picture is another than when this reader last waited. `false`: the registry stopped.
    pub async fn changed(&mut self) -> bool {
        self.changed.changed().await.is_ok()
    }
}

impl CatalogPublisher {
    /// The picture now.
    pub(crate) fn current(&self) -> Arc<Catalog> {
        self.current.load_full()
    }

    /// Shows a new picture to everybody.
    pub(crate) fn publish(&self, catalog: Catalog) {
        let generation = catalog.generation();
        self.current.store(Arc::new(catalog));
        self.changed.send_replace(generation);
    }
}
