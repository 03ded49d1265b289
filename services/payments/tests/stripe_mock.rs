//! Stripe's own stand-in (stripe-mock), which holds each request against Stripe's published description of
//! its API: no field, path or version of ours may be unknown there. It remembers nothing, so what a payment
//! goes through is tried against the stranger. Where it is not installed, that is said loudly.

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use techtrove_core::{Currency, Money};
use techtrove_http::{Client, Https, Lost, Network};
use techtrove_payments::{
    domain::{ActionOutcome, Secret, Told},
    provider::{
        ChargeName, Provider as _, Question, WebhookSecret,
        stripe::{Account, Stripe},
    },
};

/// The variable that says where the program is; else it is looked for in the PATH.
const PROGRAM: &str = "TECHTROVE_TEST_STRIPE_MOCK";

/// stripe-mock in a process of its own, which ends with its value.
struct Mock {
    process: Child,
    origin: String,
    /// Where it shows a certificate of its own making.
    secure_origin: String,
    /// Kept open, since it speaks on.
    _words: Lines<BufReader<ChildStdout>>,
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has then noticed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Mock {
    /// Starts it, so that it refuses every version of the API but its own; nothing where it is not
    /// installed.
    #[expect(clippy::disallowed_methods, reason = "where a tool of the tests is")]
    fn start() -> Option<Self> {
        let program = std::env::var(PROGRAM).unwrap_or_else(|_| "stripe-mock".to_owned());
        let mut command = Command::new(program);
        command.args(["-strict-version-check", "-http-addr", "127.0.0.1:0"]);
        command.args(["-https-addr", "127.0.0.1:0"]);
        let Ok(mut process) = command.stdout(Stdio::piped()).spawn() else {
            // Past the test harness, which would keep it to itself.
            let notice = b"SKIPPED: stripe-mock (cargo xtask servers install)\n";
            let _ = std::io::stderr().write_all(notice);
            return None;
        };
        let mut words = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut address = |words_before: &str| {
            let mut lines = words.by_ref().map_while(Result::ok);
            let line = lines.find_map(|line| line.strip_prefix(words_before).map(str::to_owned));
            line.expect("its address")
        };
        let origin = format!("http://{}", address("Listening for HTTP at address: "));
        let secure_origin = format!("https://{}", address("Listening for HTTPS at address: "));
        Some(Self { process, origin, secure_origin, _words: words })
    }

    fn stripe(&self, key: &str) -> (Stripe, Answers) {
        Self::stripe_at(&self.origin, key)
    }

    fn stripe_at(origin: &str, key: &str) -> (Stripe, Answers) {
        let https = Https::new(origin.parse().expect("an origin")).expect("TLS");
        let network = Listening { https, answers: Arc::default() };
        let answers = Arc::clone(&network.answers);
        let account = Account {
            key: Secret::new(key.to_owned()).expect("a key"),
            return_url: "https://shop.example/paid".to_owned(),
            webhooks: vec![WebhookSecret::new(*b"whsec_secret")],
        };
        let client = Client::over("stripe", Arc::new(network));
        (Stripe::new(client, Duration::from_secs(30), account), answers)
    }
}

/// What was asked, by method and path, and with which status it was answered.
type Answers = Arc<Mutex<Vec<(String, u16)>>>;

/// The network with somebody who listens.
#[derive(Debug)]
struct Listening {
    https: Https,
    answers: Answers,
}

impl Network for Listening {
    fn carry(&self, request: Request<Bytes>) -> BoxFuture<'static, Result<Response<Bytes>, Lost>> {
        let asked = format!("{} {}", request.method(), request.uri().path());
        let (answer, answers) = (self.https.carry(request), Arc::clone(&self.answers));
        Box::pin(async move {
            let answer = answer.await?;
            answers.lock().expect("not poisoned").push((asked, answer.status().as_u16()));
            Ok(answer)
        })
    }
}

#[tokio::test]
async fn stripe_understands_every_request_of_ours() {
    let Some(mock) = Mock::start() else { return };
    let (stripe, answers) = mock.stripe("sk_test_123");
    let amount = Money::new(1_000, Currency::USD);
    let token = Secret::new("pm_card_visa".to_owned()).expect("a token");

    let intent = stripe.introduce("pay_1", amount).await.expect("an intent").expect("its name");

    let charge = ChargeName { key: "pay_1", reference: Some(&intent) };
    // Its intents never go on, so it tells of no charge: what counts is that it takes each request.
    for question in [
        Question::Authorize { charge, amount, token: &token },
        Question::Lookup { charge },
        Question::CompleteAction { charge, outcome: ActionOutcome::Succeed },
    ] {
        let told = stripe.ask(question.clone()).await;
        assert!(matches!(told, Ok(Told::Refused { .. } | Told::NoSuchCharge)), "{told:?}");
    }
    for question in [Question::Capture { charge }, Question::Void { charge }] {
        let silence = stripe.ask(question.clone()).await.expect_err("an intent not confirmed");
        assert!(silence.to_string().contains("that was not confirmed"), "{silence}");
    }
    let refund = Question::Refund { charge, refund: "ref_1", amount };
    let refunded = Told::Refunded { key: "ref_1".to_owned(), amount: 1_000 };
    assert_eq!(stripe.ask(refund).await.expect("refunded"), refunded);
    let answers = answers.lock().expect("not poisoned");
    let refused: Vec<_> = answers.iter().filter(|(_, status)| *status != 200).collect();
    assert!(refused.is_empty(), "{refused:?}");
    for asked in ["/confirm", "/capture", "/cancel", "/v1/refunds", "/v1/payment_intents"] {
        assert!(answers.iter().any(|(path, _)| path.ends_with(asked)), "{asked}: {answers:?}");
    }
}

#[tokio::test]
async fn a_key_that_stripe_does_not_take_tells_nothing() {
    let Some(mock) = Mock::start() else { return };
    let (stripe, _) = mock.stripe("no_key_of_stripes");
    let amount = Money::new(1_000, Currency::USD);

    assert!(stripe.introduce("pay_1", amount).await.is_err());
}

#[tokio::test]
async fn nothing_is_sent_to_whoever_shows_a_certificate_that_nobody_vouches_for() {
    let Some(mock) = Mock::start() else { return };
    let (stripe, _) = Mock::stripe_at(&mock.secure_origin, "sk_test_123");

    let refused = stripe.introduce("pay_1", Money::new(1_000, Currency::USD)).await;

    let refused = refused.expect_err("not trusted").to_string();
    assert!(refused.contains("cannot be reached"), "{refused}");
}
