//! `docs/permissions.md`, cell by cell: who may call which operation. See [`requests`] for how to add one.

mod requests;
mod table;

use std::collections::BTreeSet;

use serde_json::Value;
use techtrove_identity_api::Role;
use techtrove_testing::{Actor, Draft};

use crate::harness::TestShop;
use requests::{REQUESTS, Request, SKU, Thing};

/// Who calls: the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    Guest,
    Owner,
    Other,
    Support,
    Manager,
    Admin,
}

impl Who {
    pub const ALL: [Self; 7] = [
        Self::Nobody,
        Self::Guest,
        Self::Owner,
        Self::Other,
        Self::Support,
        Self::Manager,
        Self::Admin,
    ];
}

/// The people in the shop.
struct People {
    shop: TestShop,
    owner: Actor,
    other: Actor,
    support: Actor,
    manager: Actor,
    admin: Actor,
}

impl People {
    async fn come() -> Self {
        let shop = TestShop::embedded().await;
        shop.sell(SKU, 1_000, 10_000).await;
        let admin = shop.admin().await;
        Self {
            owner: shop.member(&admin, "owner", Role::Customer).await,
            other: shop.member(&admin, "other", Role::Customer).await,
            support: shop.member(&admin, "support", Role::Support).await,
            manager: shop.member(&admin, "manager", Role::Manager).await,
            admin,
            shop,
        }
    }

    /// The request as `who` makes it, about a thing made for it alone.
    async fn request(&self, request: &Request, who: Who, number: usize) -> Draft {
        let caller = self.caller(who);
        // Guests keep no addresses, have no sessions and write no reviews: what they ask for is somebody's.
        let customers = [Thing::Address, Thing::Session, Thing::Review].contains(&request.thing);
        let guests = who == Who::Guest && !customers;
        let own = guests || request.thing == Thing::OwnCart;
        let owner = if own { caller } else { &self.owner };
        let target = request.thing.make(&self.shop, owner, number).await;
        match who {
            Who::Guest | Who::Owner => request.with_token(caller, &target),
            _ => request.by(caller, &target),
        }
    }

    fn caller(&self, who: Who) -> &Actor {
        match who {
            Who::Nobody | Who::Guest => &self.shop.public,
            Who::Owner => &self.owner,
            Who::Other => &self.other,
            Who::Support => &self.support,
            Who::Manager => &self.manager,
            Who::Admin => &self.admin,
        }
    }

    /// Every operation of the OpenAPI document, and whether it takes an access token.
    async fn operations(&self) -> Vec<(String, bool)> {
        let document = self.shop.public.get("/api/v1/openapi.json").await.expect(200).value();
        let paths = document["paths"].as_object().expect("paths");
        let of_path = |(path, methods): (&String, &Value)| {
            let methods = methods.as_object().expect("operations");
            let operation = |(method, operation): (&String, &Value)| {
                let takes_token = operation["security"].to_string().contains("bearer");
                (format!("{} {path}", method.to_uppercase()), takes_token)
            };
            methods.iter().map(operation).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    }
}

fn request_of(operation: &str) -> &'static Request {
    let found = REQUESTS.iter().find(|request| request.operation == operation);
    found.unwrap_or_else(|| panic!("{operation} has no request in requests.rs"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_names_every_operation_once_and_no_other() {
    let people = People::come().await;

    let rows = table::rows();
    let named: BTreeSet<&str> = rows.iter().map(|row| row.operation.as_str()).collect();
    let operations = people.operations().await;
    let known: BTreeSet<&str> =
        operations.iter().map(|(operation, _)| operation.as_str()).collect();

    assert_eq!(named.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "do not exist");
    assert_eq!(known.difference(&named).collect::<Vec<_>>(), Vec::<&&str>::new(), "are missing");
    assert_eq!(rows.len(), named.len(), "a row stands twice");
    people.shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_is_what_the_shop_answers() {
    let people = People::come().await;
    let mut wrong = Vec::new();

    let mut number = 0;
    for row in table::rows() {
        let request = request_of(&row.operation);
        for (who, expected) in row.cells {
            number += 1;
            let reply = people.request(request, who, number).await.head().await;
            let challenged = reply.status != 401 || !reply.header("www-authenticate").is_empty();
            if !expected.fits(reply.status.as_u16()) || !challenged {
                let (operation, status) = (&row.operation, reply.status);
                wrong.push(format!("{operation} as {who:?}: {status}, not {expected:?}"));
            }
        }
    }

    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    people.shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_not_valid_is_refused_wherever_one_is_taken() {
    let people = People::come().await;
    let stranger = people.shop.public.bearer("garbled");

    let operations = people.operations().await.into_iter().filter(|(_, takes_token)| *takes_token);
    for (number, (operation, _)) in operations.enumerate() {
        let request = request_of(&operation);
        let target = request.thing.make(&people.shop, &people.owner, number).await;

        let reply = request.by(&stranger, &target).head().await;

        assert_eq!(reply.status, 401, "{operation}");
        assert!(reply.header("www-authenticate").starts_with("Bearer"), "{operation}");
    }
    people.shop.close().await;
}
