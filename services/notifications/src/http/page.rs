//! The pages behind the links in mails, all of one form. They load nothing and run nothing; a form does what
//! the link is for, since mail programs follow links by themselves.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use techtrove_core::Problem;

use crate::{
    app::App,
    domain::{Language, PagePhrases},
};

/// What a page may do: show itself, and send its form to where it came from.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                      frame-ancestors 'none'";

/// A page about to be answered.
pub(super) struct Page<'a> {
    /// In which language it is.
    pub(super) language: Language,
    /// Its title and button.
    pub(super) phrases: &'static PagePhrases,
    /// What it says.
    pub(super) words: &'a str,
    /// What can be done there.
    pub(super) form: Form,
}

/// What can be done on a page.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Nothing.
    Nothing,
    /// What its button says.
    Button,
    /// The same with a password, before which this stands.
    Password(&'static str),
}

#[derive(Template)]
#[template(path = "page.html")]
struct Filled<'a> {
    language: &'a str,
    shop: &'a str,
    title: &'a str,
    words: &'a str,
    form: Option<FormParts>,
}

struct FormParts {
    button: &'static str,
    password: Option<&'static str>,
}

impl Page<'_> {
    /// The page as an answer that nobody keeps.
    ///
    /// # Errors
    /// When a value cannot be written; does not happen with text.
    pub(super) fn answer(&self, app: &App) -> Result<Response, Problem> {
        let button = self.phrases.button;
        let form = match self.form {
            Form::Nothing => None,
            Form::Button => Some(FormParts { button, password: None }),
            Form::Password(label) => Some(FormParts { button, password: Some(label) }),
        };
        let (language, title) = (self.language.tag(), self.phrases.title);
        let page = Filled { language, shop: &app.stationery.shop, title, words: self.words, form };
        let page = page.render().map_err(Problem::internal)?;
        let headers =
            [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "no-store")];
        Ok((headers, Html(page)).into_response())
    }
}

/// The page behind a link that leads nowhere, or not any more, in the shop's language: whose it was is not
/// known.
///
/// # Errors
/// As [`Page::answer`].
pub(super) fn ended(app: &App, phrases: &'static PagePhrases) -> Result<Response, Problem> {
    let page = Page { language: app.language, phrases, words: phrases.ended, form: Form::Nothing };
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page.answer(app)?).into_response())
}
