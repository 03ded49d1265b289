//! German.

use super::{
    AccountPhrases, AccountText, Labels, LinkText, OrderPhrases, OrderText, PagePhrases, Pages,
    Phrases,
};

/// All that is said in German.
pub(in crate::domain) const GERMAN: Phrases = Phrases {
    hello: |name| format!("Guten Tag {name},"),
    hello_unknown: "Guten Tag,",
    orders: ORDERS,
    accounts: ACCOUNTS,
    labels: Labels {
        order: "Bestellung",
        subtotal: "Zwischensumme",
        discount: "Rabatt",
        shipping: "Versand",
        tax: "Steuer",
        total: "Gesamtsumme",
        refund: "Erstattung",
        carrier: "Versanddienst",
        tracking_number: "Sendungsnummer",
        contents: "In diesem Paket",
        each: |price| format!("je {price}"),
    },
    why: |shop| format!("Sie erhalten diese E-Mail, weil sie Ihre Geschäfte mit {shop} betrifft."),
    optional: "Sie erhalten diese E-Mail, bis Sie solche E-Mails abbestellen.",
    unsubscribe: "Abbestellen",
    pages: PAGES,
};

const PAGES: Pages = Pages {
    unsubscribe: PagePhrases {
        title: "Abbestellen",
        question: |subject| format!("Möchten Sie keine E-Mails wie „{subject}“ mehr erhalten?"),
        button: "Ja, abbestellen",
        done: "Erledigt: Sie erhalten keine solchen E-Mails mehr.",
        ended: "Dieser Link gehört zu keiner unserer E-Mails, die Sie abbestellen können.",
    },
    verify_email: PagePhrases {
        title: "Adresse bestätigen",
        question: |shop| format!("Gehört Ihnen die Adresse, an die {shop} geschrieben hat?"),
        button: "Ja, Adresse bestätigen",
        done: "Vielen Dank: Ihre Adresse ist bestätigt.",
        ended: "Dieser Link führt nicht mehr weiter. Melden Sie sich an und fordern Sie in Ihrem Konto \
                eine neue E-Mail an.",
    },
    email_taken: "Diese Adresse gehört inzwischen zu einem anderen Konto.",
    reset_password: PagePhrases {
        title: "Neues Passwort wählen",
        question: |shop| {
            format!(
                "Wählen Sie das neue Passwort Ihres Kontos bei {shop}. Danach sind Sie überall abgemeldet."
            )
        },
        button: "Passwort speichern",
        done: "Erledigt: Von nun an melden Sie sich mit dem neuen Passwort an.",
        ended: "Dieser Link führt nicht mehr weiter: Er gilt einmal und eine Stunde lang. Geben Sie bei der \
                Anmeldung an, dass Sie Ihr Passwort vergessen haben, und Sie erhalten eine neue E-Mail.",
    },
    password: "Neues Passwort, 8 bis 128 Zeichen",
    password_refused: "Dieses Passwort ist zu kurz, zu lang oder vielen bekannt. Wählen Sie ein anderes.",
};

const ORDERS: OrderPhrases = OrderPhrases {
    confirmed: OrderText {
        subject: |number| format!("Bestellung {number} bestätigt"),
        heading: "Ihre Bestellung ist bestätigt",
        body: |number| {
            format!("Vielen Dank für Ihre Bestellung {number}. Alles darin liegt für Sie bereit.")
        },
    },
    payment_failed: OrderText {
        subject: |number| format!("Zahlung der Bestellung {number} fehlgeschlagen"),
        heading: "Ihre Zahlung ist fehlgeschlagen",
        body: |number| {
            format!(
                "Die Zahlung Ihrer Bestellung {number} wurde abgelehnt, daher konnten wir die \
                 Bestellung nicht annehmen. Ihnen wird nichts berechnet. Gern können Sie mit einem \
                 anderen Zahlungsmittel neu bestellen."
            )
        },
    },
    parcel_shipped: OrderText {
        subject: |number| format!("Bestellung {number}: ein Paket ist unterwegs"),
        heading: "Ihr Paket ist unterwegs",
        body: |number| format!("Ein Paket Ihrer Bestellung {number} hat unser Haus verlassen."),
    },
    delivered: OrderText {
        subject: |number| format!("Bestellung {number} zugestellt"),
        heading: "Ihre Bestellung ist angekommen",
        body: |number| {
            format!("Ihre Bestellung {number} wurde vollständig zugestellt. Viel Freude damit!")
        },
    },
    cancelled: OrderText {
        subject: |number| format!("Bestellung {number} storniert"),
        heading: "Ihre Bestellung ist storniert",
        body: |number| {
            format!(
                "Ihre Bestellung {number} ist storniert. Sie schulden dafür nichts, und was Sie \
                 bezahlt haben, wird erstattet; wir schreiben Ihnen, sobald es soweit ist."
            )
        },
    },
    refunded: OrderText {
        subject: |number| format!("Erstattung zur Bestellung {number}"),
        heading: "Sie erhalten Geld zurück",
        body: |number| {
            format!(
                "Wir haben Geld zu Ihrer Bestellung {number} auf das Zahlungsmittel erstattet, mit \
                 dem Sie bezahlt haben. Bis Sie es sehen, können einige Tage vergehen."
            )
        },
    },
    licence_keys: OrderText {
        subject: |number| format!("Ihre Lizenzschlüssel der Bestellung {number}"),
        heading: "Ihre Lizenzschlüssel",
        body: |number| {
            format!(
                "Hier sind die Lizenzschlüssel Ihrer Bestellung {number}. Bewahren Sie diese E-Mail \
                 auf: Wer einen Schlüssel hat, kann ihn verwenden."
            )
        },
    },
    keys_follow: "Ihre Lizenzschlüssel kommen in einer eigenen E-Mail.",
};

const ACCOUNTS: AccountPhrases = AccountPhrases {
    welcome: LinkText {
        text: AccountText {
            subject: |shop| format!("Willkommen bei {shop}"),
            body: |shop| {
                format!(
                    "Vielen Dank für Ihre Anmeldung bei {shop}. Bitte bestätigen Sie, dass diese Adresse \
                     Ihnen gehört."
                )
            },
            note: "Falls Sie sich nicht angemeldet haben, tun Sie nichts: Das Konto bleibt unbestätigt.",
        },
        button: "Adresse bestätigen",
    },
    verify_email: LinkText {
        text: AccountText {
            subject: |shop| format!("Bestätigen Sie Ihre Adresse bei {shop}"),
            body: |shop| {
                format!(
                    "Bitte bestätigen Sie, dass diese Adresse Ihnen gehört, damit {shop} sie verwenden darf."
                )
            },
            note: "Falls Sie nicht darum gebeten haben, tun Sie nichts: Es bleibt alles, wie es ist.",
        },
        button: "Adresse bestätigen",
    },
    reset_password: LinkText {
        text: AccountText {
            subject: |shop| format!("Neues Passwort für {shop} wählen"),
            body: |shop| {
                format!(
                    "Jemand, vermutlich Sie selbst, möchte ein neues Passwort für {shop} wählen."
                )
            },
            note: "Falls Sie das nicht waren, tun Sie nichts: Ihr Passwort bleibt, wie es ist.",
        },
        button: "Neues Passwort wählen",
    },
    password_changed: AccountText {
        subject: |shop| format!("Ihr Passwort für {shop} wurde geändert"),
        body: |shop| format!("Das Passwort Ihres Kontos bei {shop} wurde soeben geändert."),
        note: "Falls Sie das nicht waren, wählen Sie sofort ein neues Passwort und schreiben Sie uns.",
    },
    email_changed: AccountText {
        subject: |shop| format!("Ihre Adresse bei {shop} wurde geändert"),
        body: |shop| {
            format!(
                "Ihr Konto bei {shop} hat von nun an eine andere E-Mail-Adresse. Dies ist die letzte \
                 E-Mail an die bisherige."
            )
        },
        note: "Falls Sie das nicht waren, schreiben Sie uns bitte sofort.",
    },
};
