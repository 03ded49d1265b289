//! An event: on its way in ([`NewEvent`], [`EventContext`]) and on its way out ([`Event`], a
//! CloudEvents 1.0 message). It must never carry personal data, but for that of identity's mails, and
//! its data must never be logged; readers ignore members they do not know, so that a newer writer and
//! an older reader get on.

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use techtrove_core::{Clock, IdGen, Timestamp};
use uuid::Uuid;

use crate::{AggregateRef, HandlerError, aggregate::AggregateKey};

/// What happened, with the version of the data's shape: `orders.order.confirmed.v1`; at most 128
/// ASCII characters.
pub type EventKind = &'static str;

/// What is decided before the transaction starts, because its job may run again.
#[derive(Clone, Debug)]
pub struct EventContext {
    /// The event's id, a UUIDv7.
    pub id: Uuid,
    /// When it happened.
    pub time: Timestamp,
    /// The trace it belongs to (W3C Trace Context).
    pub traceparent: Option<String>,
}

impl EventContext {
    /// The context of an event that happens now, outside any trace.
    #[must_use]
    pub fn new(clock: &dyn Clock, ids: &dyn IdGen) -> Self {
        Self { id: ids.uuid(), time: clock.now(), traceparent: None }
    }

    /// The same context within a trace.
    #[must_use]
    pub fn in_trace(mut self, traceparent: Option<String>) -> Self {
        self.traceparent = traceparent;
        self
    }
}

/// An event to be recorded.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// What it happened to.
    pub aggregate: AggregateRef,
    /// Ids and figures; no personal data, but what a mail of identity's needs.
    pub data: serde_json::Value,
}

/// An event as consumers get it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Unique for each event; a repeated delivery carries the same one.
    pub id: Uuid,
    /// Who published it: `/techtrove/orders`.
    pub source: Arc<str>,
    /// What happened: `orders.order.confirmed.v1`.
    pub kind: String,
    /// What kind of thing it happened to: `orders.order`.
    pub aggregate_kind: String,
    /// Which thing it happened to.
    pub aggregate_id: Uuid,
    /// Which event of this aggregate it is: 1 for its first, without gaps.
    pub sequence: u64,
    /// When it happened.
    pub time: Timestamp,
    /// The trace it belongs to (W3C Trace Context).
    pub traceparent: Option<String>,
    /// What [`NewEvent::data`] was; read it with [`Event::decode_data`].
    pub data: Box<RawValue>,
    /// Whether the transport vouches that no earlier event of this aggregate is still to come: then
    /// a consumer that never saw the aggregate starts with this event (see [`crate::inbox`]). It is
    /// not part of the message.
    pub predecessors_published: bool,
}

/// The text is no CloudEvents message of ours.
#[derive(Debug, thiserror::Error)]
#[error("read event: {0}")]
pub struct InvalidEvent(String);

impl Event {
    /// The event that a relay would make of `event`, to hand it to a handler directly.
    #[must_use]
    pub fn new(source: &str, context: &EventContext, event: &NewEvent, sequence: u64) -> Self {
        let data = event.data.to_string();
        Self {
            id: context.id,
            source: source.into(),
            kind: event.kind.into(),
            aggregate_kind: event.aggregate.kind.into(),
            aggregate_id: event.aggregate.id,
            sequence,
            time: context.time,
            traceparent: context.traceparent.clone(),
            data: RawValue::from_string(data).expect("a JSON value shows itself as JSON"),
            predecessors_published: false,
        }
    }

    /// The id of the trace it belongs to: 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_deref()?.split('-').nth(1)
    }

    /// The data as a `T`; members that `T` does not know are ignored unless it refuses them.
    ///
    /// # Errors
    /// [`HandlerError::Rejected`] when the data is no `T`: trying again would change nothing.
    pub fn decode_data<T: DeserializeOwned>(&self) -> Result<T, HandlerError> {
        serde_json::from_str(self.data.get()).map_err(|error| {
            HandlerError::rejected(format!("read data of {} {}: {error}", self.kind, self.id))
        })
    }

    /// The message in CloudEvents' JSON format (1.0.2, structured mode). `aggregatekind`,
    /// `aggregateid` and `sequence` are extension attributes; `sequence` is padded so that its text
    /// sorts as its number, as that extension asks.
    #[must_use]
    pub fn to_json(&self) -> String {
        let message = Outgoing {
            specversion: SPEC_VERSION,
            id: self.id,
            source: &self.source,
            kind: &self.kind,
            subject: self.aggregate_id,
            time: self.time,
            datacontenttype: "application/json",
            aggregatekind: &self.aggregate_kind,
            aggregateid: self.aggregate_id,
            sequence: format!("{:020}", self.sequence),
            traceparent: self.traceparent.as_deref(),
            data: &self.data,
        };
        serde_json::to_string(&message).expect("texts, numbers and JSON make JSON")
    }

    /// Reads what [`Event::to_json`] wrote, now or in another version; unknown members are ignored.
    ///
    /// # Errors
    /// When a needed attribute is missing or malformed, or the message is of another CloudEvents
    /// version.
    pub fn from_json(text: &str) -> Result<Self, InvalidEvent> {
        let message: Incoming =
            serde_json::from_str(text).map_err(|error| InvalidEvent(error.to_string()))?;
        if message.specversion != SPEC_VERSION {
            return Err(InvalidEvent(format!("CloudEvents version {:?}", message.specversion)));
        }
        let sequence = message
            .sequence
            .parse()
            .map_err(|_| InvalidEvent(format!("sequence {:?}", message.sequence)))?;
        Ok(Self {
            id: message.id,
            source: message.source,
            kind: message.kind,
            aggregate_kind: message.aggregatekind,
            aggregate_id: message.aggregateid,
            sequence,
            time: message.time,
            traceparent: message.traceparent,
            data: message.data,
            predecessors_published: false,
        })
    }

    pub(crate) fn aggregate(&self) -> AggregateKey {
        AggregateKey { kind: self.aggregate_kind.clone(), id: self.aggregate_id }
    }
}

const SPEC_VERSION: &str = "1.0";

#[derive(Serialize)]
struct Outgoing<'a> {
    specversion: &'static str,
    id: Uuid,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: Uuid,
    time: Timestamp,
    datacontenttype: &'static str,
    aggregatekind: &'a str,
    aggregateid: Uuid,
    sequence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    data: &'a RawValue,
}

#[derive(Deserialize)]
struct Incoming {
    specversion: String,
    id: Uuid,
    source: Arc<str>,
    #[serde(rename = "type")]
    kind: String,
    time: Timestamp,
    aggregatekind: String,
    aggregateid: Uuid,
    sequence: String,
    traceparent: Option<String>,
    data: Box<RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As version 1 of the envelope was written; every later version must still read it.
    const RECORDED: &str = r#"{"specversion":"1.0","id":"01890a5d-ac96-774b-bcce-b302099a8057","source":"/techtrove/orders","type":"orders.order.confirmed.v1","subject":"01890a5d-ac96-774b-bcce-b302099a8058","time":"2026-01-01T00:00:00.000000Z","datacontenttype":"application/json","aggregatekind":"orders.order","aggregateid":"01890a5d-ac96-774b-bcce-b302099a8058","sequence":"00000000000000000007","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","data":{"version":3}}"#;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Data {
        version: u64,
    }

    #[test]
    fn writes_the_recorded_message_and_reads_it() {
        let event = Event::from_json(RECORDED).expect("recorded message");

        assert_eq!(event.to_json(), RECORDED);
        assert_eq!(event.sequence, 7);
        assert_eq!(event.decode_data::<Data>().expect("data"), Data { version: 3 });
    }

    #[test]
    fn ignores_what_a_newer_writer_adds() {
        let newer =
            RECORDED.replace(r#""data":{"#, r#""tenant":"a","data":{"colour":"red","#).replace(
                r#","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01""#,
                "",
            );

        let event = Event::from_json(&newer).expect("newer message");

        assert_eq!(event.traceparent, None);
        assert_eq!(event.trace_id(), None);
        assert_eq!(event.decode_data::<Data>().expect("data"), Data { version: 3 });
    }

    #[test]
    fn refuses_other_versions_and_broken_messages() {
        for text in [
            "",
            "{}",
            &RECORDED.replace(r#""specversion":"1.0""#, r#""specversion":"2.0""#),
            &RECORDED.replace("00000000000000000007", "seven"),
            &RECORDED.replace(r#""aggregateid""#, r#""aggregate""#),
        ] {
            assert!(Event::from_json(text).is_err(), "{text}");
        }
    }

    #[test]
    fn data_of_another_shape_is_rejected_for_good() {
        let event = Event::from_json(&RECORDED.replace(r#"{"version":3}"#, "[]")).expect("event");

        assert!(matches!(event.decode_data::<Data>(), Err(HandlerError::Rejected(_))));
    }
}
