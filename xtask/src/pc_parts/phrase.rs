//! A specification in a few words with its unit, for names and options: `8 GB`, `DDR5-6000`,
//! `no microphone`. Attributes never pass through here; they keep the source's values. The units are
//! those of the data set's description.

use serde_json::Value;

/// The option value of a part that does not state what its siblings differ in.
const UNSTATED: &str = "unspecified";

/// Numbers and how they read; `#` stands for the number.
const WITH_UNIT: &[(&str, &str)] = &[
    ("airflow", "# CFM"),
    ("amount", "# g"),
    ("boost_clock", "# MHz boost"),
    ("cache", "# MB cache"),
    ("capacity", "# GB"),
    ("capacity_va", "# VA"),
    ("capacity_w", "# W"),
    ("cas_latency", "CL#"),
    ("channels", "# channels"),
    ("core_clock", "# MHz core"),
    ("external_volume", "# l"),
    ("first_word_latency", "# ns"),
    ("form_factor", "#-inch"),
    ("fov", "# degrees"),
    ("internal_35_bays", "# 3.5-inch bays"),
    ("length", "# mm long"),
    ("max_dpi", "# dpi"),
    ("max_memory", "up to # GB"),
    ("memory", "# GB"),
    ("memory_slots", "# memory slots"),
    ("noise_level", "# dB"),
    ("psu", "# W power supply"),
    ("refresh_rate", "# Hz"),
    ("response_time", "# ms"),
    ("rpm", "# rpm"),
    ("screen_size", "#-inch"),
    ("size", "# mm"),
    ("snr", "# dB SNR"),
    ("speed", "# MHz"),
    ("tdp", "# W"),
    ("type", "# rpm"),
    ("wattage", "# W"),
];

/// Keys whose words speak for themselves.
const BARE: &[&str] = &[
    "aspect_ratio",
    "chipset",
    "color",
    "connection_type",
    "form_factor",
    "interface",
    "panel_type",
    "protocol",
    "socket",
    "style",
    "switches",
    "tracking_method",
    "type",
];

/// Keys that are adjectives: what lacks them is not so, rather than without it.
const ADJECTIVES: &[&str] = &["modular", "tenkeyless", "wireless"];

/// Keys where nothing means that the part has none; elsewhere it means that nobody knows.
const PARTS_OF_A_PART: &[&str] = &["backlit", "microphone", "psu", "pwm", "side_panel", "switches"];

/// What `key` of a part of `category` says, in words.
pub fn phrase(category: &str, key: &str, value: &Value) -> String {
    match value {
        Value::Bool(false) if ADJECTIVES.contains(&key) => format!("not {}", words(key)),
        Value::Null if !PARTS_OF_A_PART.contains(&key) => format!("{} unstated", words(key)),
        Value::Null | Value::Bool(false) => format!("no {}", words(key)),
        Value::Bool(true) => words(key),
        Value::Number(number) => with_unit(category, key, &number.to_string()),
        Value::Array(items) => list(category, key, items),
        Value::String(text) if BARE.contains(&key) => text.clone(),
        other => format!("{} {}", words(key), plain(other)),
    }
}

/// The value of an option, by which a buyer picks a variant.
pub fn option(category: &str, key: &str, value: &Value) -> String {
    match value {
        Value::Null => UNSTATED.to_owned(),
        other => phrase(category, key, other),
    }
}

fn with_unit(category: &str, key: &str, number: &str) -> String {
    match WITH_UNIT.iter().find(|(known, _)| *known == key) {
        Some((_, template)) if category == "cpu" => {
            template.replace("MHz", "GHz").replace('#', number)
        }
        Some((_, template)) => template.replace('#', number),
        None => format!("{} {number}", words(key)),
    }
}

fn list(category: &str, key: &str, items: &[Value]) -> String {
    let parts: Vec<String> = items.iter().map(plain).collect();
    match (key, parts.as_slice()) {
        ("speed", [generation, rate]) => format!("DDR{generation}-{rate}"),
        ("modules", [count, size]) => format!("{count} x {size} GB"),
        ("resolution", [width, height]) => format!("{width} x {height}"),
        ("frequency_response", [from, to]) => format!("{from} Hz - {to} kHz"),
        ("rpm" | "airflow" | "noise_level", [from, to]) => {
            with_unit(category, key, &format!("{from}-{to}"))
        }
        _ => format!("{} {}", words(key), parts.join("/")),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn words(key: &str) -> String {
    match key {
        "color" => "colour".to_owned(),
        "psu" => "power supply".to_owned(),
        "pwm" => "PWM".to_owned(),
        "rpm" => "speed".to_owned(),
        _ => key.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_as_a_person_would_say_it() {
        let said: Vec<String> = [
            ("memory", "speed", json!([5, 6000])),
            ("memory", "modules", json!([2, 16])),
            ("video-card", "core_clock", json!(1320)),
            ("cpu", "core_clock", json!(4.7)),
            ("case-fan", "rpm", json!([450, 2000])),
            ("headphones", "wireless", json!(false)),
            ("headphones", "microphone", json!(false)),
            ("headphones", "microphone", json!(true)),
            ("case", "psu", json!(null)),
            ("monitor", "response_time", json!(null)),
            ("internal-hard-drive", "type", json!(7200)),
            ("internal-hard-drive", "type", json!("SSD")),
            ("power-supply", "efficiency", json!("gold")),
        ]
        .map(|(category, key, value)| phrase(category, key, &value))
        .into();

        assert_eq!(
            said,
            [
                "DDR5-6000",
                "2 x 16 GB",
                "1320 MHz core",
                "4.7 GHz core",
                "450-2000 rpm",
                "not wireless",
                "no microphone",
                "microphone",
                "no power supply",
                "response time unstated",
                "7200 rpm",
                "SSD",
                "efficiency gold",
            ]
        );
    }

    #[test]
    fn an_option_says_when_it_is_unknown() {
        assert_eq!(option("case", "color", &Value::Null), "unspecified");
        assert_eq!(option("case", "color", &json!("Black")), "Black");
    }
}
