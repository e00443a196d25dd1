//! Enumerations whose values have a stable name for scripts.

/// Declares an enumeration in which each value has a stable name: `name()`, `ALL`, `Display`,
/// `FromStr` and, with the features `serde` and `schema`, `Serialize` and `JsonSchema` as that name.
///
/// After `and` there may be one value more, which holds a type with a `name()` of its own and is
/// neither in `ALL` nor found by `FromStr`.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $vis:vis enum $type:ident {
            $( $(#[$value_meta:meta])* $value:ident = $name:literal, )+
        }
        $( and $(#[$open_meta:meta])* $open:ident($held:ty) )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(transform = crate::schema::open_names))]
        #[non_exhaustive]
        $vis enum $type {
            $(
                $(#[$value_meta])*
                #[cfg_attr(feature = "schema", schemars(rename = $name))]
                $value,
            )+
            $(
                $(#[$open_meta])*
                #[cfg_attr(feature = "schema", schemars(skip))]
                $open($held),
            )?
        }

        impl $type {
            /// Every value with a fixed name, in the order of their declaration.
            pub const ALL: &'static [Self] = &[ $( Self::$value, )+ ];

            /// The stable name, as it stands in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $( Self::$value => $name, )+
                    $( Self::$open(held) => <$held>::name(held), )?
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::names::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|value| value.name() == name)
                    .ok_or_else(|| crate::names::UnknownName(name.to_owned()))
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}
pub(crate) use named;

/// A name that no value of an enumeration has: the error of reading one from text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName(pub(crate) String);

impl std::fmt::Display for UnknownName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown name {:?}", self.0)
    }
}

impl std::error::Error for UnknownName {}
