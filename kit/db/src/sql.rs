//! Statements as they are written once, with `?`, and as an engine wants them. A statement is always
//! text of the program itself, so that nothing a stranger sends can become SQL.

use crate::Engine;

/// A statement, with other words for an engine that needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sql {
    text: &'static str,
    sqlite: Option<&'static str>,
    postgres: Option<&'static str>,
    mysql: Option<&'static str>,
}

impl Sql {
    /// The words for every engine that has none of its own.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self { text, sqlite: None, postgres: None, mysql: None }
    }

    /// The words for SQLite.
    #[must_use]
    pub const fn sqlite(self, text: &'static str) -> Self {
        Self { sqlite: Some(text), ..self }
    }

    /// The words for PostgreSQL.
    #[must_use]
    pub const fn postgres(self, text: &'static str) -> Self {
        Self { postgres: Some(text), ..self }
    }

    /// The words for MySQL and MariaDB.
    #[must_use]
    pub const fn mysql(self, text: &'static str) -> Self {
        Self { mysql: Some(text), ..self }
    }

    /// The words for `engine`.
    pub(crate) fn text(&self, engine: Engine) -> &'static str {
        let own = match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
            Engine::Mysql => self.mysql,
        };
        own.unwrap_or(self.text)
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl From<&Self> for Sql {
    fn from(sql: &Self) -> Self {
        *sql
    }
}

/// The statement without the row lock at its end, and whether there was one. SQLite has one writer,
/// which needs no row locks.
pub(crate) fn without_row_lock(text: &'static str) -> (&'static str, bool) {
    let trimmed = text.trim_end();
    for lock in ["FOR UPDATE", "FOR UPDATE SKIP LOCKED"] {
        if let Some(rest) = trimmed.strip_suffix(lock) {
            return (rest, true);
        }
    }
    (text, false)
}

/// The parts of a statement, as far as placeholders care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    /// Until this character, which stands for itself when doubled.
    Quotes(char),
    LineComment,
    BlockComment,
}

/// The statement with `$1`, `$2`, … in place of `?`, except in quotes and comments.
pub(crate) fn numbered_placeholders(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 16);
    let (mut inside, mut count, mut previous) = (Inside::Code, 0_usize, '\0');
    for c in text.chars() {
        let was = inside;
        inside = match (inside, previous, c) {
            (Inside::Code, _, '\'' | '"') => Inside::Quotes(c),
            (Inside::Code, '-', '-') => Inside::LineComment,
            (Inside::Code, '/', '*') => Inside::BlockComment,
            (Inside::Quotes(quote), _, c) if c == quote => Inside::Code,
            (Inside::LineComment, _, '\n') | (Inside::BlockComment, '*', '/') => Inside::Code,
            (inside, _, _) => inside,
        };
        if was == Inside::Code && c == '?' {
            count += 1;
            numbered.push('$');
            numbered.push_str(&count.to_string());
        } else {
            numbered.push(c);
        }
        // The second character of a mark that opened a comment must not close it: `/*/`.
        previous = if was == inside { c } else { '\0' };
    }
    numbered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_engine_gets_its_words() {
        let sql = Sql::new("a").mysql("m").postgres("p");

        assert_eq!(sql.text(Engine::Sqlite), "a");
        assert_eq!(sql.text(Engine::Postgres), "p");
        assert_eq!(sql.text(Engine::Mysql), "m");
    }

    #[test]
    fn row_locks_are_dropped_only_at_the_end() {
        assert_eq!(without_row_lock("SELECT 1 FOR UPDATE"), ("SELECT 1 ", true));
        assert_eq!(without_row_lock("SELECT 1 FOR UPDATE SKIP LOCKED\n"), ("SELECT 1 ", true));
        assert_eq!(without_row_lock("SELECT 'FOR UPDATE'"), ("SELECT 'FOR UPDATE'", false));
    }

    #[test]
    fn placeholders_are_numbered_outside_of_quotes_and_comments() {
        for (written, sent) in [
            ("a = ? AND b = ?", "a = $1 AND b = $2"),
            ("a = '?' AND b = ?", "a = '?' AND b = $1"),
            ("a = 'it''s ?' AND b = ?", "a = 'it''s ?' AND b = $1"),
            ("\"col?\" = ?", "\"col?\" = $1"),
            ("a -- really?\n = ?", "a -- really?\n = $1"),
            ("a /* why? */ = ?", "a /* why? */ = $1"),
            ("a /*/ ? */ = ?", "a /*/ ? */ = $1"),
            ("a - ? -? / ?", "a - $1 -$2 / $3"),
            ("'ü?' = ?", "'ü?' = $1"),
        ] {
            assert_eq!(numbered_placeholders(written), sent);
        }
    }

    proptest! {
        #[test]
        fn quoted_text_is_never_touched(text in "[a-z?\"' \n/*-]{0,40}") {
            let quoted = format!("'{}'", text.replace('\'', "''"));

            prop_assert_eq!(numbered_placeholders(&format!("{quoted}?")), format!("{quoted}$1"));
            prop_assert_eq!(numbered_placeholders(&quoted), quoted);
        }
    }
}
