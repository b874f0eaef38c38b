//! Words with a fixed meaning. One that this version does not know is kept as it was sent.

/// Makes an enum of words that is read in any case and keeps words it does not know.
macro_rules! words {
    ($(#[$what:meta])* $name:ident { $($(#[$which:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$what])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$which])* $variant,)*
            /// A word that this version does not know.
            Other(String),
        }

        impl $name {
            /// As it stands in an answer.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.to_ascii_lowercase().as_str() {
                    $($word => Self::$variant,)*
                    _ => Self::Other(word),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Ok(word.to_owned().into())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// State of an instance.
    Status {
        /// Answers and is used.
        Healthy = "healthy",
        /// Does not answer as it should.
        Unhealthy = "unhealthy",
        /// Nothing is known yet, or nobody looks.
        Unknown = "unknown",
        /// Has said that it starts, and was not yet seen to answer.
        Starting = "starting",
        /// Takes no new work.
        Stopping = "stopping",
    }
}

words! {
    /// What was ordered for an instance.
    Presence {
        /// It starts.
        Starting = "starting",
        /// It takes work.
        Serving = "serving",
        /// It finishes what it has.
        Draining = "draining",
        /// It ends.
        Stopping = "stopping",
        /// Somebody works on it.
        Maintenance = "maintenance",
    }
}

words! {
    /// How an instance is spoken to.
    Scheme {
        /// In the clear.
        Http = "http",
        /// Over TLS.
        Https = "https",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_unknown_ones_are_kept() {
        let read = |text: &str| serde_json::from_str::<Status>(text).expect("a word");
        assert_eq!(read("\"HEALTHY\""), Status::Healthy);
        assert_eq!(read("\"Resting\""), Status::Other("Resting".into()));
        assert_eq!(serde_json::to_string(&read("\"Resting\"")).expect("JSON"), "\"Resting\"");
    }
}
