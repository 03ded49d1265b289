//! A migration's text, cut into statements: each ends with `;` at the end of a line. Lines that begin
//! with `--` are comments and end nothing.

/// The statements of a migration.
pub(crate) fn statements(script: &'static str) -> Vec<&'static str> {
    let (mut statements, mut start, mut end) = (Vec::new(), 0, 0);
    for line in script.split_inclusive('\n') {
        end += line.len();
        let is_comment = line.trim_start().starts_with("--");
        if !is_comment && line.trim_end().ends_with(';') {
            statements.extend(script.get(start..end).and_then(statement));
            start = end;
        }
    }
    statements.extend(script.get(start..).and_then(statement));
    statements
}

/// The statement without what surrounds it, unless it is nothing but comments.
fn statement(text: &'static str) -> Option<&'static str> {
    let says_something =
        text.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with("--"));
    says_something.then(|| text.trim().trim_end_matches(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_a_semicolon_that_ends_a_line() {
        let script = "-- What this is; and why;\nCREATE TABLE a (\n  b TEXT DEFAULT ';' -- c\n);\n\n\
                      INSERT INTO a VALUES ('x; y');\r\n-- The end;\n";

        assert_eq!(
            statements(script),
            [
                "-- What this is; and why;\nCREATE TABLE a (\n  b TEXT DEFAULT ';' -- c\n)",
                "INSERT INTO a VALUES ('x; y')",
            ]
        );
        assert_eq!(statements("SELECT 1"), ["SELECT 1"]);
        assert!(statements(" \n-- nothing\n").is_empty());
    }
}
