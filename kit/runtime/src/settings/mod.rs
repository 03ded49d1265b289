//! Settings: environment variables over a TOML file over defaults, described by a type that derives
//! `confique::Config`. A mistake must never pass silently: it is named together with the variable and
//! what to do about it.

mod names;

use std::path::{Path, PathBuf};

use confique::Config;

use names::Names;

/// The beginning of every variable of ours.
pub const PREFIX: &str = "TECHTROVE_";

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("the settings file {} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("the settings file {} is not valid TOML: {source}", path.display())]
    NotToml {
        /// The file.
        path: PathBuf,
        /// Why, and where.
        source: toml::de::Error,
    },
    /// The file sets something that is no setting.
    #[error("the settings file {} sets `{key}`, which is no setting{}", path.display(), hint(suggestion.as_deref()))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// What it sets.
        key: String,
        /// What was meant, perhaps.
        suggestion: Option<String>,
    },
    /// A setting without default is not set.
    #[error("the setting `{key}` is missing: set {} in the environment or `{key}` in the settings file", variable.unwrap_or("it"))]
    Missing {
        /// The setting's path in the file.
        key: String,
        /// Its environment variable.
        variable: Option<&'static str>,
    },
    /// A value is not acceptable.
    #[error("{0}: correct the value, or remove it to use the default")]
    Invalid(String),
}

fn hint(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// The settings: what the environment says, else `file`, else the defaults.
///
/// # Errors
/// When the file cannot be read or sets what is no setting, when a value is not acceptable, or a
/// setting without default is missing.
pub fn load<C: Config>(file: Option<&Path>) -> Result<C, SettingsError> {
    let names = Names::of(&C::META);
    let mut builder = C::builder().env();
    if let Some(path) = file {
        builder = builder.preloaded(read::<C>(path, &names)?);
    }
    builder.load().map_err(|error| explain(&error, &names))
}

/// What somebody seems to have meant as settings in the environment, one sentence each. Nothing to
/// stop for: others put variables with our prefix there too, such as Kubernetes for a service's
/// address.
#[must_use]
pub fn doubtful_variables<C: Config>() -> Vec<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the configuration")]
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let names = Names::of(&C::META);
    variables.filter_map(|name| names.doubt(&name)).collect()
}

fn read<C: Config>(path: &Path, names: &Names) -> Result<C::Layer, SettingsError> {
    let owned = || path.to_owned();
    let text = std::fs::read_to_string(path)
        .map_err(|source| SettingsError::Unreadable { path: owned(), source })?;
    let table: toml::Table =
        text.parse().map_err(|source| SettingsError::NotToml { path: owned(), source })?;
    if let Some(key) = names.unknown_key(&table) {
        let suggestion = names.similar_key(&key);
        return Err(SettingsError::UnknownKey { path: owned(), key, suggestion });
    }
    toml::from_str(&text).map_err(|source| SettingsError::NotToml { path: owned(), source })
}

fn explain(error: &confique::Error, names: &Names) -> SettingsError {
    let text = format!("{error:#}");
    let missing = text
        .strip_prefix("required configuration value is missing: '")
        .and_then(|rest| rest.strip_suffix('\''));
    match missing {
        Some(key) => SettingsError::Missing { key: key.to_owned(), variable: names.variable(key) },
        None => SettingsError::Invalid(text),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Settings for these tests.
    #[derive(Debug, Config)]
    struct Sample {
        /// Where to listen.
        #[config(env = "TECHTROVE_SAMPLE_LISTEN", default = "127.0.0.1:8080")]
        listen: String,
        /// The mail server.
        #[config(nested)]
        mail: Mail,
    }

    /// The mail server.
    #[derive(Debug, Config)]
    struct Mail {
        /// Its address.
        #[config(env = "TECHTROVE_SAMPLE_MAIL_URL")]
        url: String,
        /// How many connections.
        #[config(env = "TECHTROVE_SAMPLE_MAIL_CONNECTIONS", default = 4)]
        connections: u32,
    }

    fn load_text(text: &str) -> Result<Sample, SettingsError> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        load(Some(file.path()))
    }

    fn refusal(text: &str) -> String {
        load_text(text).expect_err("must be refused").to_string()
    }

    #[test]
    fn a_file_stands_over_the_defaults() {
        let sample = load_text("[mail]\nurl = \"smtp://mail\"").expect("valid");

        assert_eq!(sample.listen, "127.0.0.1:8080");
        assert_eq!((sample.mail.url.as_str(), sample.mail.connections), ("smtp://mail", 4));
    }

    #[test]
    fn a_mistake_is_named_with_what_to_do() {
        let missing = refusal("");
        assert!(missing.contains("TECHTROVE_SAMPLE_MAIL_URL"), "{missing}");
        let misspelt = refusal("lisen = \"x\"");
        assert!(misspelt.contains("did you mean `listen`?"), "{misspelt}");
        let nested = refusal("[mail]\nurl = \"x\"\nconnection = 3");
        assert!(nested.contains("`mail.connection`"), "{nested}");
        assert!(nested.contains("did you mean `mail.connections`?"), "{nested}");
        let broken = refusal("listen = ");
        assert!(broken.contains("not valid TOML"), "{broken}");
        let wrong = refusal("[mail]\nurl = \"x\"\nconnections = \"many\"");
        assert!(wrong.contains("connections"), "{wrong}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let path = Path::new("/nowhere/settings.toml");

        let error = load::<Sample>(Some(path)).expect_err("must be refused");

        assert!(error.to_string().contains("/nowhere/settings.toml"), "{error}");
    }
}
