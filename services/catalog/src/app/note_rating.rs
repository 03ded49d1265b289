//! Community says that a product is rated otherwise than before.

use std::sync::Arc;

use techtrove_bus::{Event, HandlerError, first_time};
use techtrove_community_api::RatingChanged;

use super::App;
use crate::{events::RATINGS_CONSUMER, store};

/// Remembers it for the product, once per event. A product that is not known is passed over.
///
/// # Errors
/// When the database fails, the event is out of its order, or its numbers are none of a rating.
pub async fn note_rating(
    app: &App,
    event: Arc<Event>,
    changed: RatingChanged,
) -> Result<(), HandlerError> {
    let [sum, count, revision] = [changed.sum, changed.count, changed.revision].map(i64::try_from);
    let (Ok(sum), Ok(count), Ok(revision)) = (sum, count, revision) else {
        return Err(HandlerError::rejected("note rating: a number is out of range"));
    };
    app.db
        .write("catalog.note_rating", move |tx| -> Result<(), HandlerError> {
            if first_time(tx, RATINGS_CONSUMER, &event)? {
                store::set_rating(tx, changed.product_id, sum, count, revision)?;
                // The product that was kept as it was shown before is not what is shown now.
                tx.notify_committed();
            }
            Ok(())
        })
        .await
}
