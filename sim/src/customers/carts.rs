//! What is in a cart, and what may be made of it.

use http::Method;
use serde_json::json;

use super::{Person, Wish};

/// An item of a cart.
pub struct Item {
    path: String,
    /// Of what.
    pub sku: String,
}

/// The first item of a cart; nothing when nobody tells what is in it.
pub async fn first_item(person: &Person, cart: &str, token: Option<&str>) -> Option<Item> {
    let path = format!("/api/v1/carts/{cart}");
    let look = with_token(Wish::new("orders", Method::GET, path.clone()), token);
    let shown = person.insist(&look).await?;
    let path = format!("{path}/items/{}", shown.text("/items/0/id")?);
    Some(Item { path, sku: shown.text("/items/0/sku")? })
}

impl Item {
    /// The wish for so many pieces of it, or for none.
    pub fn changed_to(&self, quantity: u64, token: Option<&str>) -> Wish {
        if quantity == 0 {
            return self.taken_out(token);
        }
        let wish = Wish::new("orders", Method::PATCH, self.path.clone());
        with_token(wish.body(json!({"quantity": quantity})), token)
    }

    /// The wish for none of it.
    pub fn taken_out(&self, token: Option<&str>) -> Wish {
        with_token(Wish::new("orders", Method::DELETE, self.path.clone()), token)
    }
}

fn with_token(wish: Wish, token: Option<&str>) -> Wish {
    match token {
        Some(token) => wish.header("x-cart-token", token),
        None => wish,
    }
}
