//! Loads the demo shop into a running one, as its owner, by the calls that anybody's program would use:
//! the import, the categories, the collections. Each step leaves alone what is there already, so that
//! after a crash all of them are simply done again.

use std::time::Duration;

use axum::body::Body;
use futures::future::try_join_all;
use http::{Method, Request, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use techtrove_core::{Currency, SharedIds, codes};
use techtrove_identity_api::UserId;
use techtrove_runtime::Shutdown;

use super::{
    Demo, accounts,
    accounts::{PEOPLE, Person},
    data,
};
use crate::control::{ControlError, Operator};

/// How often the import is asked how far it is.
pub(super) const ASK_EVERY: Duration = Duration::from_millis(20);

/// How many licence keys each digital SKU has.
const KEYS: usize = 25;

/// Letters of licence keys: none that is taken for another.
const KEY_LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// Why the demo shop was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The shop refused.
    #[error("the demo shop cannot be loaded: {0}")]
    Control(#[from] ControlError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] crate::folder::FolderError),
    /// The shop took something else than what it was given.
    #[error("the demo shop cannot be loaded: {0}")]
    Refused(String),
    /// The program's own files cannot be read.
    #[error("the demo shop cannot be read: {0}")]
    Data(#[from] serde_json::Error),
}

/// Loads a demo shop.
#[derive(Clone, Debug)]
pub(super) struct Loader {
    /// Which one.
    pub(super) demo: Demo,
    /// Calls the shop.
    pub(super) operator: Operator,
    /// The shop's currency.
    pub(super) currency: Currency,
    /// Whether orders are paid in the sandbox, where no money moves.
    pub(super) in_sandbox: bool,
    /// New passwords and licence keys.
    pub(super) ids: SharedIds,
}

/// A customer who is signed in.
#[derive(Debug)]
pub(super) struct Customer {
    /// Who.
    pub(super) person: &'static Person,
    /// Their account.
    pub(super) id: UserId,
    /// Calls the shop as they.
    pub(super) calls: Operator,
}

/// What has an id.
#[derive(Deserialize)]
pub(super) struct Known {
    pub(super) id: String,
}

#[derive(Deserialize)]
struct Users {
    items: Vec<KnownUser>,
}

#[derive(Deserialize)]
struct KnownUser {
    id: UserId,
}

#[derive(Deserialize)]
struct Stock {
    on_hand: i64,
}

#[derive(Deserialize)]
struct SignedIn {
    access_token: String,
    user: KnownUser,
}

#[derive(Deserialize)]
struct Started {
    job_id: String,
}

#[derive(Deserialize)]
struct Job {
    status: String,
    done: u64,
    error_count: u64,
    errors: Value,
}

impl Loader {
    /// Loads everything, and remembers that it did; nothing more once the shop is to end.
    pub(super) async fn load(&self, shutdown: &Shutdown) -> Result<(), LoadError> {
        self.make_categories().await?;
        let Some(products) = self.import_products(shutdown).await? else { return Ok(()) };
        let Some(()) = self.bring_licence_keys(shutdown).await? else { return Ok(()) };
        self.make_collections().await?;
        self.open_accounts().await?;
        let customers = self.sign_customers_in().await?;
        try_join_all(customers.iter().map(|it| self.write_reviews_of(it))).await?;
        let Some(()) = self.live_through_past(&customers, shutdown).await? else { return Ok(()) };
        self.demo.finish()?;
        let accounts = self.demo.accounts_file();
        tracing::info!(products, accounts = %accounts.display(), "the demo shop is loaded");
        Ok(())
    }

    async fn make_categories(&self) -> Result<(), LoadError> {
        for category in data::categories() {
            let category = category?;
            let path = format!("/api/v1/categories/{}", category.slug);
            if self.lookup::<Known>(&path).await?.is_some() {
                continue;
            }
            let mut body = json!({
                "slug": category.slug, "name": category.name, "position": category.position,
            });
            if let Some(parent) = category.parent {
                let parent: Known = self.get(&format!("/api/v1/categories/{parent}")).await?;
                body["parent_id"] = parent.id.into();
            }
            let _: Known = self.post("/api/v1/categories", &body).await?;
        }
        Ok(())
    }

    /// How many products were imported; nothing when the shop is to end.
    async fn import_products(&self, shutdown: &Shutdown) -> Result<Option<u64>, LoadError> {
        let lines = data::products(self.currency);
        let (path, content_type) = ("/api/v1/products/import", "application/x-ndjson");
        let import = written(Method::POST, path, content_type, Body::from(lines));
        let started: Started = self.operator.call(import).await?;
        loop {
            let job: Job = self.get(&format!("/api/v1/jobs/{}", started.job_id)).await?;
            match job.status.as_str() {
                "done" if job.error_count == 0 => return Ok(Some(job.done)),
                "done" | "failed" | "cancelled" => {
                    return Err(LoadError::Refused(job.errors.to_string()));
                }
                _ if shutdown.pause(ASK_EVERY).await => {}
                _ => return Ok(None),
            }
        }
    }

    /// Nothing when the shop is to end before all are there.
    async fn bring_licence_keys(&self, shutdown: &Shutdown) -> Result<Option<()>, LoadError> {
        for sku in data::digital_skus()? {
            let Some(stock) = self.stock_of(&sku, shutdown).await? else { return Ok(None) };
            if stock.on_hand == 0 {
                let keys: Vec<String> = (0..KEYS).map(|_| self.licence_key()).collect();
                let path = format!("/api/v1/inventory/{sku}/keys");
                let _: Stock = self.post(&path, &json!({ "keys": keys })).await?;
            }
        }
        Ok(Some(()))
    }

    /// The stock of a SKU, once inventory has heard of it; nothing when the shop is to end.
    async fn stock_of(&self, sku: &str, shutdown: &Shutdown) -> Result<Option<Stock>, LoadError> {
        let path = format!("/api/v1/inventory/{sku}");
        loop {
            match self.lookup(&path).await? {
                None if shutdown.pause(ASK_EVERY).await => {}
                found => return Ok(found),
            }
        }
    }

    /// A key like `7WQ2D-K9HTX-4MVBR-8NPAC`.
    fn licence_key(&self) -> String {
        let letters = self.ids.secret().map(|byte| char::from(KEY_LETTERS[usize::from(byte % 32)]));
        let groups: Vec<String> =
            letters[..20].chunks(5).map(|group| group.iter().collect()).collect();
        groups.join("-")
    }

    async fn make_collections(&self) -> Result<(), LoadError> {
        for collection in data::collections() {
            let collection = collection?;
            let path = format!("/api/v1/collections/{}", collection.slug);
            if self.lookup::<Known>(&path).await?.is_some() {
                continue;
            }
            let mut products = Vec::with_capacity(collection.products.len());
            for slug in &collection.products {
                let product: Known = self.get(&format!("/api/v1/products/{slug}")).await?;
                products.push(product.id);
            }
            let body = json!({
                "slug": collection.slug, "name": collection.name,
                "description": collection.description, "position": collection.position,
                "product_ids": products,
            });
            let _: Known = self.post("/api/v1/collections", &body).await?;
        }
        Ok(())
    }

    async fn open_accounts(&self) -> Result<(), LoadError> {
        for person in &PEOPLE {
            let let_in = self.demo.lets_in(person);
            if lookup_user(&self.operator, person).await?.is_some() {
                set_access(&self.operator, person, let_in).await?;
                continue;
            }
            let password = self.password(person)?;
            let body = json!({
                "email": person.email, "name": person.name, "password": password,
                "roles": [person.role], "let_in": let_in,
            });
            let _: Value = self.post("/internal/identity/accounts", &body).await?;
        }
        Ok(())
    }

    /// All customers, signed in as anybody would be.
    async fn sign_customers_in(&self) -> Result<Vec<Customer>, LoadError> {
        let customers = PEOPLE.iter().filter(|person| !person.is_staff());
        try_join_all(customers.map(|person| self.sign_in(person))).await
    }

    async fn sign_in(&self, person: &'static Person) -> Result<Customer, LoadError> {
        let credentials = json!({ "email": person.email, "password": self.password(person)? });
        let signed_in: SignedIn = self.post("/api/v1/auth/login", &credentials).await?;
        let calls = self.operator.bearing(signed_in.access_token);
        Ok(Customer { person, id: signed_in.user.id, calls })
    }

    async fn write_reviews_of(&self, customer: &Customer) -> Result<(), LoadError> {
        for review in data::reviews() {
            let review = review?;
            if review.by == customer.person.short() {
                let path = format!("/api/v1/products/{}", review.product);
                let product: Known = self.get(&path).await?;
                write_review(&customer.calls, &product.id, &review).await?;
            }
        }
        Ok(())
    }

    /// The password that the accounts file gives to the person.
    fn password(&self, person: &Person) -> Result<String, LoadError> {
        let file = self.demo.accounts(&*self.ids)?;
        let password = accounts::password_of(&file, person.email).map(str::to_owned);
        password.ok_or_else(|| LoadError::Refused(format!("{} has no password", person.email)))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ControlError> {
        self.operator.call(request(Method::GET, path, None)).await
    }

    /// What is at the path, if there is something.
    async fn lookup<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ControlError> {
        match self.get(path).await {
            Err(ControlError::Refused(problem)) if problem.status == codes::NOT_FOUND.status => {
                Ok(None)
            }
            answer => answer.map(Some),
        }
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ControlError> {
        self.operator.call(request(Method::POST, path, Some(body))).await
    }
}

/// Writes a review unless its writer has written it already.
async fn write_review(
    writer: &Operator,
    product: &str,
    review: &data::Review,
) -> Result<(), ControlError> {
    let body = json!({ "rating": review.rating, "title": review.title, "body": review.body });
    let path = format!("/api/v1/products/{product}/reviews");
    match writer.send(request(Method::POST, &path, Some(&body))).await {
        Err(ControlError::Refused(problem)) if problem.code == "already_reviewed" => Ok(()),
        answer => answer.map(drop),
    }
}

/// Lets the person in or keeps them out, if they have an account.
pub(super) async fn set_access(
    operator: &Operator,
    person: &Person,
    let_in: bool,
) -> Result<(), ControlError> {
    let Some(id) = lookup_user(operator, person).await? else { return Ok(()) };
    let path = format!("/internal/identity/users/{id}/access");
    let put = request(Method::PUT, &path, Some(&json!({ "let_in": let_in })));
    operator.send(put).await.map(drop)
}

async fn lookup_user(operator: &Operator, person: &Person) -> Result<Option<UserId>, ControlError> {
    let list = request(Method::GET, &format!("/api/v1/users?email={}", person.email), None);
    let users: Users = operator.call(list).await?;
    Ok(users.items.first().map(|user| user.id))
}

pub(super) fn request(method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
    let content = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    written(method, path, "application/json", content)
}

fn written(method: Method, path: &str, content_type: &str, body: Body) -> Request<Body> {
    let request =
        Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, content_type);
    request.body(body).expect("our own paths and headers are in order")
}
