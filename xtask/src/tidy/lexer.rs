//! Tells Rust code from its comments and literals, so that a rule about code is not broken by a word
//! in prose. It keeps every line where it was and must never fail: it is no parser.

/// `source` with comments and the contents of string and character literals blanked out.
pub fn code(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut kept = String::with_capacity(source.len());
    let mut position = 0;
    while position < bytes.len() {
        let rest = &source[position..];
        let length = blank_length(rest, previous(bytes, position));
        if length == 0 {
            let next = rest.chars().next().expect("the rest is not empty");
            kept.push(next);
            position += next.len_utf8();
        } else {
            kept.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            position += length;
        }
    }
    kept
}

fn previous(bytes: &[u8], position: usize) -> u8 {
    position.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ')
}

/// How many bytes at the start of `rest` are a comment or a literal.
fn blank_length(rest: &str, previous: u8) -> usize {
    let in_word = previous.is_ascii_alphanumeric() || previous == b'_';
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        block_comment(rest)
    } else if rest.starts_with('"') {
        quoted(rest, '"').unwrap_or(rest.len())
    } else if rest.starts_with('\'') {
        character(rest)
    } else if !in_word && rest.starts_with(['r', 'b', 'c']) {
        raw_string(rest)
    } else {
        0
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut position) = (0_usize, 0);
    while let Some(found) = rest[position..].find(['/', '*']) {
        position += found;
        if rest[position..].starts_with("/*") {
            depth += 1;
            position += 2;
        } else if rest[position..].starts_with("*/") {
            depth = depth.saturating_sub(1);
            position += 2;
            if depth == 0 {
                return position;
            }
        } else {
            position += 1;
        }
    }
    rest.len()
}

/// The length of a literal between `quote`s, which may be escaped inside.
fn quoted(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// A character literal; a lifetime or a label is none.
fn character(rest: &str) -> usize {
    let mut characters = rest.chars().skip(1);
    match (characters.next(), characters.next()) {
        (Some('\\'), _) | (Some(_), Some('\'')) => quoted(rest, '\'').unwrap_or(0),
        _ => 0,
    }
}

/// `r"…"`, `r#"…"#`, and the same after `b` or `c`.
fn raw_string(rest: &str) -> usize {
    let after_prefix = rest.trim_start_matches(['b', 'c']);
    let Some(after_r) = after_prefix.strip_prefix('r') else { return 0 };
    let body = after_r.trim_start_matches('#');
    let hashes = after_r.len() - body.len();
    if rest.len() - after_prefix.len() > 1 || !body.starts_with('"') {
        return 0;
    }
    let start = rest.len() - body.len() + 1;
    let end = format!("\"{}", "#".repeat(hashes));
    rest[start..].find(&end).map_or(rest.len(), |found| start + found + end.len())
}

/// The lines (from 1) of `code` where `word` stands by itself.
pub fn lines_with_word(code: &str, word: &str) -> Vec<usize> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone = |line: &str| {
        line.match_indices(word).any(|(start, _)| {
            let (before, after) = (&line[..start], &line[start + word.len()..]);
            !before.ends_with(part_of_word) && !after.starts_with(part_of_word)
        })
    };
    code.lines()
        .enumerate()
        .filter(|(_, line)| stands_alone(line))
        .map(|(index, _)| index + 1)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_code_and_blanks_the_rest() {
        for (source, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (r#"f("a\"b", c)"#, "f(      , c)"),
            ("r#\"a\"b\"# + c", "         + c"),
            ("br\"a\" + c", "      + c"),
            ("'a' 'b: loop {}", "    'b: loop {}"),
            ("'\\'' + x", "     + x"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("var\"s\"", "var   "),
        ] {
            assert_eq!(code(source), expected, "{source}");
        }
    }

    #[test]
    fn finds_whole_words_with_their_lines() {
        assert_eq!(lines_with_word("async fn\nasynchronous\nx.await", "async"), [1]);
        assert_eq!(lines_with_word("a::tokio::b", "tokio"), [1]);
    }

    proptest! {
        #[test]
        fn never_fails_and_keeps_lines(source in "[a-z'\"/*#rb\\\\\n é]{0,60}") {
            prop_assert_eq!(code(&source).matches('\n').count(), source.matches('\n').count());
        }
    }
}
