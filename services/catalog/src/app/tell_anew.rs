//! Tells once more of what was there before events told all that they tell now: a shop of an earlier version
//! has products of which inventory knows neither where they stand nor whether they are on sale.

use std::time::Duration;

use techtrove_bus::EventContext;
use techtrove_catalog_api::PRODUCT_UPDATED;
use techtrove_db::Tx;
use techtrove_runtime::Shutdown;

use super::{App, category_event, product_event};
use crate::{
    error::Error,
    store::{self, Untold},
};

/// How much one transaction tells of.
const BATCH: i64 = 100;

/// How long others have the database to themselves between two of them.
const PAUSE: Duration = Duration::from_millis(50);

/// Tells of all that is untold, and is done then.
///
/// # Errors
/// When the database fails; the rest is told when it is started again.
pub async fn tell_anew(app: App, shutdown: Shutdown) -> Result<(), Error> {
    while app.db.lookup("catalog.has_untold", store::has_untold).await? {
        let contexts: Vec<_> = (0..BATCH).map(|_| app.event_context()).collect();
        app.db.write_again("catalog.tell_anew", move |tx| tell(tx, &contexts)).await?;
        if !shutdown.pause(PAUSE).await {
            break;
        }
    }
    Ok(())
}

/// Tells of each as it is now; of one that is gone, nothing.
fn tell(tx: &mut Tx<'_>, contexts: &[EventContext]) -> Result<(), Error> {
    let mut events = Vec::new();
    for (untold, context) in store::take_untold(tx, BATCH)?.into_iter().zip(contexts) {
        let event = match untold {
            Untold::Category(id) => {
                store::lock_category(tx, id)?.map(|category| category_event(&category))
            }
            Untold::Product(id) => {
                store::lock_product(tx, id)?.map(|product| product_event(PRODUCT_UPDATED, &product))
            }
        };
        events.extend(event.map(|event| (context.clone(), event)));
    }
    Ok(techtrove_bus::record_all(tx, &events)?)
}
