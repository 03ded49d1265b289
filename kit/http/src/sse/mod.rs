//! Server-Sent Events (WHATWG HTML, section 9.2): how events are written, how a client says which it
//! has, and the answer that brings them. A stream says something now and then, so that nobody between
//! takes it for dead, and ends by itself when the server drains; what an event means is its sender's
//! affair. A stream must hold no task and no buffer of its own: thousands are open at once.

mod answer;
mod event;
mod resume;

pub use answer::{HEARTBEAT, answer};
pub use event::{comment, event};
pub use resume::{LAST_EVENT_ID, last_event_id};
