//! The network between the hosts. A message has a fate of its own: on time, late, twice, lost, or lost on
//! the way back; who cannot be reached does not get it at all. What was sent arrives whether or not its
//! sender still lives, and a host that is down has never sent anything. A fault that is addressed to a
//! message ([`crate::sagas`]) joins the fate that chance gives it.

use std::{fmt, future::pending, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderValue, Request, Response, StatusCode, header};
use techtrove_http::{Client, Lost, Network};
use tokio::sync::oneshot;

use crate::{
    hosts::{Door, Life},
    sagas::{Fault, template},
    weather::LATE,
    world::World,
};

const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What a host says that fails.
const FAILED: &[u8] = br#"{"type": "urn:techtrove:problem:internal", "title": "Internal error",
    "status": 500, "detail": "the host fails", "instance": "/", "code": "internal", "trace_id": "1"}"#;

const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// Whose messages these are.
#[derive(Clone, Debug)]
pub enum Sender {
    /// A life of a host: once it is over, it sends nothing more.
    Life(Arc<Life>),
    /// Somebody outside.
    Stranger(&'static str),
}

impl Sender {
    fn name(&self) -> &'static str {
        match self {
            Self::Life(life) => life.host,
            Self::Stranger(name) => name,
        }
    }

    fn lives(&self) -> bool {
        match self {
            Self::Life(life) => life.is_up(),
            Self::Stranger(_) => true,
        }
    }
}

/// The way of one sender to one door.
#[derive(Clone, Debug)]
struct Link {
    world: Arc<World>,
    from: Sender,
    to: &'static str,
    door: Door,
    /// Whether what is sent as JSON is a line of an import.
    lines: bool,
}

/// A client that calls the door of a host over the simulated network.
#[must_use]
pub fn client(world: &Arc<World>, from: &Sender, to: &'static str, door: Door) -> Client {
    let link = Link { world: Arc::clone(world), from: from.clone(), to, door, lines: false };
    Client::over(to, Arc::new(link))
}

/// A client that brings lines of an import to the public door of a host.
#[must_use]
pub fn importer(world: &Arc<World>, from: &Sender, to: &'static str) -> Client {
    let (world, door) = (Arc::clone(world), Door::Public);
    Client::over(to, Arc::new(Link { world, from: from.clone(), to, door, lines: true }))
}

impl Network for Link {
    fn carry(
        &self,
        mut request: Request<Bytes>,
    ) -> BoxFuture<'static, Result<Response<Bytes>, Lost>> {
        let Self { world, from, to, door, lines } = self.clone();
        if lines {
            request.headers_mut().insert(header::CONTENT_TYPE, NDJSON);
            *request.body_mut() = one_by_line(request.body());
        }
        let errand = Errand {
            what: format!("{} {}", request.method(), request.uri()),
            mark: digest(request.body()).to_string(),
            work: Arc::new(move |life: Arc<Life>| life.answer(door, request.clone()).boxed()),
            say: |response| format!("{} {}", response.status().as_u16(), digest(response.body())),
            failing: || {
                let mut response = Response::new(Bytes::from_static(FAILED));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
                response
            },
        };
        async move { transmit(&world, &from, to, errand).await }.boxed()
    }
}

/// What a message is for.
pub struct Errand<T> {
    /// What it says.
    pub what: String,
    /// What tells it from others that say the same.
    pub mark: String,
    /// What a host does for it.
    pub work: Arc<dyn Fn(Arc<Life>) -> BoxFuture<'static, T> + Send + Sync>,
    /// An answer in the trace.
    pub say: fn(&T) -> String,
    /// The answer of a host that fails.
    pub failing: fn() -> T,
}

/// What happens to a message.
#[derive(Clone, Copy, Debug)]
struct Fate {
    there: Option<Duration>,
    again: Option<Again>,
    failing: Option<Failing>,
    back: Option<Duration>,
}

/// When a message arrives once more.
#[derive(Clone, Copy, Debug)]
enum Again {
    After(Duration),
    AtLast,
}

/// When a host fails that a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failing {
    Before,
    After,
}

impl Fate {
    fn with(self, fault: Fault) -> Self {
        match fault {
            Fault::Lost => Self { there: None, ..self },
            Fault::AnswerLost => Self { back: None, ..self },
            Fault::Twice => Self { again: Some(Again::After(Duration::ZERO)), ..self },
            Fault::Late => Self { again: Some(Again::AtLast), ..self },
            Fault::Fails => Self { failing: Some(Failing::Before), ..self },
            Fault::FailsAfter => Self { failing: Some(Failing::After), ..self },
            Fault::CrashBefore | Fault::CrashAfter => self,
        }
    }
}

impl World {
    fn fate(&self, from: &Sender, what: &str) -> Fate {
        let rate = self.with_weather(|weather| weather.rate(what));
        let mut fate = Fate {
            there: Some(Duration::from_micros(self.pick(100, 3_000))),
            again: None,
            failing: None,
            back: Some(Duration::from_micros(self.pick(100, 3_000))),
        };
        if self.chance(rate) {
            self.fault("request lost", what);
            fate.there = None;
        } else if self.chance(rate) {
            self.fault("request late", what);
            fate.there = Some(self.time(20, LATE));
        } else if self.chance(rate) {
            self.fault("request twice", what);
            fate.again = Some(Again::After(self.time(0, LATE)));
        }
        if self.chance(rate) {
            self.fault("answer lost", what);
            fate.back = None;
        } else if self.chance(rate) {
            self.fault("answer late", what);
            fate.back = Some(self.time(20, LATE));
        }
        let changes = matches!(from, Sender::Life(_)) && !what.contains(" GET ");
        let held_back = self.with_weather(|weather| weather.held_back);
        if changes && fate.again.is_none() && self.chance_aside(held_back) {
            fate.again = Some(Again::AtLast);
        }
        // Between hosts: a customer is told that a part of the shop cannot answer, by whoever called.
        if matches!(from, Sender::Life(_)) && self.chance(rate) {
            self.fault("host fails", what);
            fate.failing = Some(if self.chance(500) { Failing::Before } else { Failing::After });
        }
        fate
    }

    fn is_cut(&self, from: &'static str, to: &'static str) -> bool {
        self.with_weather(|weather| weather.is_cut(from, to))
    }
}

/// Brings a message to a host, and its answer back.
///
/// # Errors
/// When the connection fails. Nothing ever comes of what is lost.
pub async fn transmit<T: Send + 'static>(
    world: &Arc<World>,
    from: &Sender,
    to: &'static str,
    errand: Errand<T>,
) -> Result<T, Lost> {
    if !from.lives() {
        return pending().await;
    }
    let (sender, from) = (from, from.name());
    let what = format!("{} {}", errand.what, errand.mark);
    let name = format!("#{} {from}>{to} {}", world.next_message(), what.trim_end());
    world.tell(&name);
    let fate = world.fate(sender, &name);
    let addressed = world.meets_message(|| format!("{from} > {to} {}", template(&errand.what)));
    let fate = addressed.map_or(fate, |fault| fate.with(fault));
    if fate.failing.is_some() && matches!(sender, Sender::Stranger(_)) {
        world.answer_errors();
    }
    let from_host = matches!(sender, Sender::Life(_));
    let message = Message { world: Arc::clone(world), name, from, from_host, to };
    let (sender, answer) = oneshot::channel();
    tokio::spawn(async move {
        let answered = message.deliver(fate, &errand).await;
        if let Some(answered) = message.bring_back(answered, fate.back, errand.say).await {
            // Whoever asked may wait no longer.
            let _ = sender.send(answered);
        }
    });
    match answer.await {
        Ok(answered) => answered,
        Err(_) => pending().await,
    }
}

/// A message on its way.
#[derive(Clone)]
struct Message {
    world: Arc<World>,
    name: String,
    from: &'static str,
    from_host: bool,
    to: &'static str,
}

impl Message {
    /// What the host made of it; `None` when it was lost. What has arrived may arrive again.
    async fn deliver<T: Send + 'static>(
        &self,
        fate: Fate,
        errand: &Errand<T>,
    ) -> Option<Result<T, Lost>> {
        let Some(there) = fate.there else {
            // It was held up for longer than anybody waits for it, if it is not a customer's, who may think again.
            if self.from_host && !self.name.contains(" GET ") {
                let (copy, work) = (self.clone(), Arc::clone(&errand.work));
                tokio::spawn(async move { copy.repeat(Again::AtLast, &*work).await });
            }
            return None;
        };
        tokio::time::sleep(there).await;
        if self.world.is_cut(self.from, self.to) {
            self.world.fault("unreachable", &self.name);
            return None;
        }
        let Some(life) = self.world.host(self.to).life() else {
            self.world.fault("refused", &self.name);
            return Some(Err(Lost { sent: false, source: "connection refused".into() }));
        };
        if let Some(again) = fate.again {
            let (copy, work) = (self.clone(), Arc::clone(&errand.work));
            tokio::spawn(async move { copy.repeat(again, &*work).await });
        }
        if fate.failing == Some(Failing::Before) {
            return Some(Ok((errand.failing)()));
        }
        let task = life.spawn((errand.work)(Arc::clone(&life)));
        match task.await {
            Ok(_) if life.is_up() && fate.failing.is_some() => Some(Ok((errand.failing)())),
            Ok(answer) if life.is_up() => Some(Ok(answer)),
            // The host went down over it.
            _ if self.world.chance(500) => {
                self.world.fault("reset", &self.name);
                Some(Err(Lost { sent: true, source: "connection reset".into() }))
            }
            _ => {
                self.world.fault("silence", &self.name);
                None
            }
        }
    }

    /// Arrives once more, and is answered to nobody.
    async fn repeat<T: Send + 'static>(
        &self,
        again: Again,
        work: &(dyn Fn(Arc<Life>) -> BoxFuture<'static, T> + Send + Sync),
    ) {
        match again {
            Again::After(delay) => tokio::time::sleep(delay).await,
            Again::AtLast => {
                self.world.until_late().await;
                tokio::time::sleep(self.world.time_aside(0, 900)).await;
            }
        }
        if let Some(life) = self.world.host(self.to).life() {
            self.world.fault("second arrival", &self.name);
            life.spawn(work(Arc::clone(&life)));
        }
    }

    /// The answer as it arrives, unless it does not.
    async fn bring_back<T>(
        &self,
        answer: Option<Result<T, Lost>>,
        back: Option<Duration>,
        say: impl Fn(&T) -> String,
    ) -> Option<Result<T, Lost>> {
        let answer = answer?;
        tokio::time::sleep(back?).await;
        if self.world.is_cut(self.to, self.from) {
            self.world.fault("answer unreachable", &self.name);
            return None;
        }
        let said = answer.as_ref().map_or_else(|lost| lost.source.to_string(), say);
        let number = self.name.split(' ').next().unwrap_or_default();
        self.world.tell(&format!("{number} {}<{} {said}", self.from, self.to));
        Some(answer)
    }
}

/// The items of a list, each a line.
fn one_by_line(list: &Bytes) -> Bytes {
    let items: Vec<serde_json::Value> = serde_json::from_slice(list).unwrap_or_default();
    let lines: Vec<String> = items.iter().map(ToString::to_string).collect();
    lines.join("\n").into()
}

/// A short mark of a body, by which two runs are compared.
fn digest(body: &Bytes) -> Digest {
    let mixed = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Digest(mixed)
}

struct Digest(u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0 >> 32)
    }
}
