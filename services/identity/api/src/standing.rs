//! How a session stands at this moment, which its access tokens cannot know.

use serde::{Deserialize, Serialize};

use crate::{GrantedCategory, Role};

/// How a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whether it is over, or its user may no longer come in.
    pub ended: bool,
    /// What its user is.
    pub roles: Vec<Role>,
    /// The categories that a manager is limited to; nothing for one who is not.
    #[serde(default)]
    pub categories: Option<Vec<GrantedCategory>>,
}

/// What identity knows of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownStanding {
    /// How it stands, if there ever was such a session.
    pub standing: Option<Standing>,
}
