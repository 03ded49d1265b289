//! The one layout that all mails have, filled by [`super::letter`]: as HTML for mail programs, which
//! understand tables and styles in place and little else, and as text. Every value is escaped in the
//! HTML, and kept on one line in both, so that a name cannot write lines of its own.

use askama::Template;

use super::phrases::Phrases;

/// A rendered mail.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Content {
    /// The subject, on one line.
    pub subject: String,
    /// The body for readers of plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// What a mail says, part by part; a part that is empty is not shown.
#[derive(Default)]
pub(super) struct Draft {
    pub subject: String,
    pub heading: String,
    pub greeting: String,
    pub paragraphs: Vec<String>,
    pub link: Option<Link>,
    /// What stands above the items.
    pub items_title: String,
    pub items: Vec<Item>,
    pub sums: Vec<Fact>,
    pub facts: Vec<Fact>,
    pub keys: Vec<Item>,
    /// What stands below, smaller.
    pub notes: Vec<String>,
    /// The link by which its recipient says that they want no more of these.
    pub unsubscribe: Option<Link>,
}

/// A thing, with what is said of it and what it costs.
pub(super) struct Item {
    pub name: String,
    pub detail: String,
    pub value: String,
}

/// A value and what it is.
pub(super) struct Fact {
    pub label: &'static str,
    pub value: String,
}

/// A link and what it does.
pub(super) struct Link {
    pub label: &'static str,
    pub url: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    language: &'a str,
    shop: &'a str,
    draft: &'a Draft,
}

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    shop: &'a str,
    draft: &'a Draft,
}

impl Draft {
    /// The greeting of somebody who may be known by name.
    pub(super) fn greet(phrases: &Phrases, name: Option<&str>) -> String {
        name.map_or_else(|| phrases.hello_unknown.to_owned(), phrases.hello)
    }

    /// The mail as it is sent by `shop`, in the language of this tag.
    ///
    /// # Errors
    /// When a value cannot be written; does not happen with text.
    pub(super) fn render(mut self, shop: &str, language: &str) -> Result<Content, askama::Error> {
        self.keep_on_one_line();
        let shop = &one_line(shop);
        let text = Text { shop, draft: &self }.render()?;
        let html = Html { language, shop, draft: &self }.render()?;
        Ok(Content { subject: self.subject, text, html })
    }

    fn keep_on_one_line(&mut self) {
        let links = self.link.iter_mut().chain(&mut self.unsubscribe).map(|link| &mut link.url);
        let items = self.items.iter_mut().chain(&mut self.keys);
        let items = items.flat_map(|item| [&mut item.name, &mut item.detail, &mut item.value]);
        let facts = self.sums.iter_mut().chain(&mut self.facts).map(|fact| &mut fact.value);
        [&mut self.subject, &mut self.heading, &mut self.greeting]
            .into_iter()
            .chain(&mut self.paragraphs)
            .chain(&mut self.notes)
            .chain(links)
            .chain(items)
            .chain(facts)
            .for_each(|text| *text = one_line(text));
    }
}

/// The text without what breaks a line or turns its direction.
pub(super) fn one_line(text: &str) -> String {
    let breaks = |it: char| {
        it.is_control() || matches!(it, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(breaks, " ")
}
