//! The audiences of a comparison: whom a change may affect.

/// Whom a change may affect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Programs that send requests by the old contract.
    Callers,
    /// `pbx-client` of the old contract, which reads responses leniently.
    Client,
    /// Programs that read responses by the old contract, strictly.
    Readers,
    /// Code that calls the generated crates, compiled with those of the new contract.
    Code,
}

impl Audience {
    pub const ALL: [Self; 4] = [Self::Callers, Self::Client, Self::Readers, Self::Code];
}

/// A set of audiences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audiences([bool; 4]);

impl Audiences {
    pub fn contains(self, audience: Audience) -> bool {
        self.iter().any(|other| other == audience)
    }

    pub fn iter(self) -> impl Iterator<Item = Audience> {
        let all = Audience::ALL.into_iter().zip(self.0);
        all.filter_map(|(audience, is_in)| is_in.then_some(audience))
    }
}

/// Callers and `pbx-client`: what a running program meets when the server is updated and it is not.
impl Default for Audiences {
    fn default() -> Self {
        [Audience::Callers, Audience::Client].into_iter().collect()
    }
}

impl FromIterator<Audience> for Audiences {
    fn from_iter<I: IntoIterator<Item = Audience>>(audiences: I) -> Self {
        let given: Vec<_> = audiences.into_iter().collect();
        Self(Audience::ALL.map(|audience| given.contains(&audience)))
    }
}
