//! How events and comments are written.

use std::fmt::Write as _;

/// An event as it is sent. A line end in `data`, whichever it is, reaches the client as `\n`; `name`
/// is the program's own word and holds none.
#[must_use]
pub fn event(id: u64, name: &'static str, data: &str) -> String {
    let mut text = String::with_capacity(data.len() + name.len() + 48);
    // Writing to a string never fails.
    let _ = writeln!(text, "id: {id}\nevent: {name}");
    each_line("data: ", data, &mut text);
    text.push('\n');
    text
}

/// A comment as it is sent: clients pass over it.
#[must_use]
pub fn comment(words: &str) -> String {
    let mut text = String::with_capacity(words.len() + 8);
    each_line(": ", words, &mut text);
    text.push('\n');
    text
}

/// A line of its own for each line of `content`. A line ends with CR LF, LF or CR.
fn each_line(field: &str, content: &str, text: &mut String) {
    let mut rest = content;
    loop {
        let end = rest.find(['\r', '\n']);
        text.push_str(field);
        text.push_str(end.map_or(rest, |end| &rest[..end]));
        text.push('\n');
        let Some(end) = end else { return };
        let after = &rest[end..];
        rest = after.strip_prefix("\r\n").unwrap_or(&after[1..]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Received {
        id: String,
        name: String,
        data: String,
    }

    /// What a client makes of a stream, by the words of the specification (9.2.6).
    fn receive(stream: &str) -> Vec<Received> {
        let (mut received, mut id) = (Vec::new(), String::new());
        let (mut name, mut data) = (String::new(), String::new());
        for line in stream.replace("\r\n", "\n").replace('\r', "\n").split('\n') {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() => {
                    let (name, mut data) = (std::mem::take(&mut name), std::mem::take(&mut data));
                    if data.pop().is_some() {
                        received.push(Received { id: id.clone(), name, data });
                    }
                }
                "id" => id = value.to_owned(),
                "event" => name = value.to_owned(),
                "data" => data.extend([value, "\n"]),
                _ => {}
            }
        }
        received
    }

    #[test]
    fn an_event_is_four_lines() {
        assert_eq!(event(7, "status", "{}"), "id: 7\nevent: status\ndata: {}\n\n");
        assert_eq!(comment("still here"), ": still here\n\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            events in proptest::collection::vec((any::<u64>(), "([\\PC]|\r|\n|\r\n|: |data|\u{feff})*"), 0..5),
            words in "([\\PC]|\r|\n)*",
        ) {
            let mut stream = String::new();
            for (id, data) in &events {
                stream += &comment(&words);
                stream += &event(*id, "status", data);
            }
            stream += &comment(&words);

            let expected: Vec<Received> = events
                .into_iter()
                .map(|(id, data)| Received {
                    id: id.to_string(),
                    name: "status".into(),
                    data: data.replace("\r\n", "\n").replace('\r', "\n"),
                })
                .collect();
            prop_assert_eq!(receive(&stream), expected);
        }
    }
}
