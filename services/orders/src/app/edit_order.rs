//! Edits an order: its addresses, its contact, its note. The buyer may, the guest with the token, and
//! support, as long as nothing has left; whoever else sees the order is told that they may not.

use techtrove_core::planted;
use techtrove_http::IfMatch;
use techtrove_orders_api::OrderId;

use super::{App, Viewer, show_order};
use crate::{
    domain::{Edit, Order},
    error::Error,
    store,
};

/// Whether `editor` may edit the order, decided before anything else of the request is looked at.
///
/// # Errors
/// [`Error::NoCredential`], [`Error::NotFound`], [`Error::NotAllowed`], or when the database fails.
pub(crate) async fn may_edit(app: &App, id: OrderId, editor: &Viewer) -> Result<(), Error> {
    if planted("edited-by-strangers") {
        return Ok(());
    }
    let order = show_order(app, id, editor).await?;
    let may = editor.support || editor.check(app, id)?.owns(&order);
    if may { Ok(()) } else { Err(Error::NotAllowed("its buyer and support edit an order")) }
}

/// Edits the order, unless it is not what the editor saw.
///
/// # Errors
/// When the version is another, it is too late, the order would not cost the same, or the database
/// fails.
pub(crate) async fn edit_order(
    app: &App,
    id: OrderId,
    if_match: IfMatch,
    edit: Edit,
) -> Result<Order, Error> {
    let (now, pricing) = (app.clock.now(), app.config.pricing.clone());
    let job = app.db.write("orders.edit", move |tx| -> Result<_, Error> {
        let before = store::lock_order(tx, id)?.ok_or(Error::NotFound)?.order;
        if !planted("edit-of-any-version") {
            if_match.check(before.version)?;
        }
        let after = before.edited(&edit, &pricing, now)?;
        if after != before {
            store::store_edit(tx, &after)?;
        }
        Ok(after)
    });
    job.await
}
