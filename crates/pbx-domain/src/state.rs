//! The states of objects, and the application of request bodies to them. The states themselves and their implementations of
//! [`Apply`] and [`Create`] are generated; the [`Rules`] are written by hand, once for creations and updates.
//!
//! Secrets are sealed for a context each: a prefix that names the object, and the path of the property, as in
//! `tenant.7.cdr_event.token`. The prefix is that of [`Check::new`], and is not used by states without secrets.

use pbx_types::Field;
use serde::Serialize;
use serde_json::Value;

use crate::check::Check;
use crate::error::Error;
use crate::vault::Vault;

/// A state that a JSON Merge Patch (RFC 7396) of the type `P` is applied to.
pub trait Apply<P>: Sized {
    /// Applies the patch: absent properties stay, cleared ones get their value in `initial`. Secrets are sealed.
    ///
    /// A required property cannot be cleared: it keeps its value, and the violation is recorded in `check`.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if a secret cannot be sealed.
    fn apply(&mut self, patch: P, initial: &Self, check: &mut Check<'_>) -> Result<(), Error>;
}

/// A state that a body of the type `B` creates.
pub trait Create<B>: Sized {
    /// Returns the new state. A property that the body does not have gets its initial value. Secrets are sealed.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if a secret cannot be sealed.
    fn create(body: B, check: &mut Check<'_>) -> Result<Self, Error>;
}

/// The rules of a state that no schema expresses; none by default.
pub trait Rules {
    /// Normalizes the properties and records every violation in `check`.
    ///
    /// # Errors
    ///
    /// [`Error::Internal`] if a secret cannot be opened.
    fn normalize_and_validate(&mut self, _check: &mut Check<'_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Returns the state that a body creates, normalized and valid. Its secrets are sealed for contexts that begin with `seal_prefix`.
///
/// # Errors
///
/// [`Error::Invalid`] with every violated rule; [`Error::Internal`] if a secret cannot be sealed.
pub fn created<T: Create<B> + Rules, B>(vault: &Vault, seal_prefix: &str, body: B) -> Result<T, Error> {
    let mut check = Check::new(vault, seal_prefix);
    let mut state = T::create(body, &mut check)?;
    state.normalize_and_validate(&mut check)?;
    check.finish()?;
    Ok(state)
}

/// Returns the state with a patch applied, normalized and valid. Its secrets are sealed for contexts that begin with `seal_prefix`.
/// A value that is older than the rule that it violates may stay.
///
/// # Errors
///
/// [`Error::Invalid`] with every violated rule; [`Error::Internal`] if a secret cannot be sealed or opened.
pub fn updated<T, P>(vault: &Vault, seal_prefix: &str, before: &T, patch: P) -> Result<T, Error>
where
    T: Apply<P> + Rules + Clone + Default + PartialEq + Serialize,
{
    let mut check = Check::new(vault, seal_prefix);
    let mut after = before.clone();
    after.apply(patch, &T::default(), &mut check)?;
    if after == *before {
        // What `GET` shows can be sent back, even if a fresh install or an earlier release breaks a rule.
        check.finish()?;
        return Ok(after);
    }
    after.normalize_and_validate(&mut check)?;
    tolerate_stored(&mut check, before, &after)?;
    check.finish()?;
    Ok(after)
}

/// Drops the violations by values that are older than the rule: the stored state violates it in the same property, whose value did not
/// change. Otherwise a new rule would refuse every later update of the object.
///
/// # Errors
///
/// [`Error::Internal`] if a secret cannot be opened, or if a state does not serialize.
pub fn tolerate_stored<T: Rules + Clone + Serialize>(
    check: &mut Check<'_>,
    before: &T,
    after: &T,
) -> Result<(), Error> {
    if !check.is_violated() {
        return Ok(());
    }
    let mut stored = check.fresh();
    before.clone().normalize_and_validate(&mut stored)?;
    if !stored.is_violated() {
        return Ok(());
    }
    let json = |state: &T| serde_json::to_value(state).map_err(|error| Error::internal(error.to_string()));
    let (before, after) = (json(before)?, json(after)?);
    check.drop_common(&stored, |pointer| {
        let value = before.pointer(pointer).unwrap_or(&Value::Null);
        // What is missing is no value of an earlier release.
        !value.is_null() && after.pointer(pointer) == Some(value)
    });
    Ok(())
}

/// Applies a patch to a nested object, the property with this name.
pub(crate) fn apply_nested<T: Apply<P> + Clone, P>(
    property: &mut T,
    patch: Field<P>,
    initial: &T,
    name: &str,
    check: &mut Check<'_>,
) -> Result<(), Error> {
    match patch {
        Field::Absent => {}
        Field::Null => *property = initial.clone(),
        Field::Value(patch) => check.inside(name, |check| property.apply(patch, initial, check))?,
    }
    Ok(())
}

/// Replaces the items of an array, the property with this name.
pub(crate) fn replace_items<T: Create<B> + Clone, B>(
    property: &mut Vec<T>,
    items: Field<Vec<B>>,
    initial: &[T],
    name: &str,
    check: &mut Check<'_>,
) -> Result<(), Error> {
    match items {
        Field::Absent => {}
        Field::Null => *property = initial.to_vec(),
        Field::Value(items) => *property = create_items(Some(items), Vec::new(), name, check)?,
    }
    Ok(())
}

/// Returns the nested object of a new object, as the body or else `initial` has it. Its property has this name.
pub(crate) fn create_nested<T: Create<B>, B>(
    body: Option<B>,
    initial: T,
    name: &str,
    check: &mut Check<'_>,
) -> Result<T, Error> {
    body.map_or(Ok(initial), |body| check.inside(name, |check| T::create(body, check)))
}

/// [`create_nested`] for a body that has the type of a patch.
pub(crate) fn patch_initial<T: Apply<P> + Clone, P>(
    patch: Option<P>,
    initial: T,
    name: &str,
    check: &mut Check<'_>,
) -> Result<T, Error> {
    let mut property = initial.clone();
    if let Some(patch) = patch {
        check.inside(name, |check| property.apply(patch, &initial, check))?;
    }
    Ok(property)
}

/// Returns the items of an array of a new object, as the body or else `initial` has them. Its property has this name.
pub(crate) fn create_items<T: Create<B>, B>(
    items: Option<Vec<B>>,
    initial: Vec<T>,
    name: &str,
    check: &mut Check<'_>,
) -> Result<Vec<T>, Error> {
    let Some(items) = items else { return Ok(initial) };
    check.inside(name, |check| {
        let items = items.into_iter().enumerate();
        items
            .map(|(index, item)| check.inside(index, |check| T::create(item, check)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use pbx_types::admin::UpdateNotificationSettings;
    use pbx_types::brand::UpdateBrand;
    use pbx_types::tenant::UpdateCurrentTenant;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;
    use crate::admin::notification::Notification;
    use crate::brand::Brand;
    use crate::tenants::tenant::Tenant;
    use crate::vault::MASK;
    use crate::vault::tests::vault;

    /// Applies a patch without checking the rules of the result. Returns the violations that applying it found.
    fn apply<T: Apply<P> + Default, P: DeserializeOwned>(
        state: &mut T,
        mut check: Check<'_>,
        patch: Value,
    ) -> Vec<String> {
        let patch = serde_json::from_value(patch).unwrap();
        state.apply(patch, &T::default(), &mut check).unwrap();
        check.summarize()
    }

    #[test]
    fn absent_properties_stay_and_null_and_the_empty_string_clear() {
        let (vault, mut brand) = (vault(), Brand::default());
        let mut send = |patch: Value| {
            apply::<_, UpdateBrand>(&mut brand, Check::new(&vault, "brand"), patch);
            brand.clone()
        };
        let sent = json!({"title": "Ours", "website": "https://example.com"});
        assert!(send(sent).website.is_some());
        let cleared = send(json!({"website": ""}));
        assert_eq!((cleared.title.as_str(), cleared.website), ("Ours", None));
        assert_eq!(send(json!({"title": null})), Brand::default());
    }

    #[test]
    fn secrets_are_sealed_and_the_mask_leaves_them_unchanged() {
        let (vault, mut settings) = (vault(), Notification::default());
        let mut send = |password: Value| {
            let check = Check::new(&vault, "admin_notification");
            apply::<_, UpdateNotificationSettings>(&mut settings, check, json!({"password": password}));
            settings.password.clone()
        };
        let sealed = send(json!("1234")).unwrap();
        assert_eq!(vault.open("admin_notification.password", &sealed).unwrap(), "1234");
        assert_eq!(send(json!(MASK)), Some(sealed));
        assert_eq!(send(json!("")), None);
        assert!(send(json!("1234")).is_some());
        assert_eq!(send(Value::Null), None);
    }

    #[test]
    fn nested_objects_are_patched_and_their_secrets_sealed_for_their_path() {
        let (vault, mut tenant) = (vault(), Tenant::default());
        let mut send = |patch: Value| {
            assert_eq!(
                apply::<_, UpdateCurrentTenant>(&mut tenant, Check::new(&vault, "tenant.7"), patch),
                [""; 0]
            );
            tenant.settings.clone()
        };
        let sent = json!({"username": "x", "token": "secret"});
        let settings = send(json!({"cdr_event": sent, "extension_event": sent}));
        for (name, event) in [
            ("cdr_event", settings.cdr_event),
            ("extension_event", settings.extension_event),
        ] {
            let token = event.token.unwrap();
            assert_eq!(vault.open(&format!("tenant.7.{name}.token"), &token).unwrap(), "secret");
        }
        let cleared = send(json!({"cdr_event": {"token": null}, "extension_event": null}));
        assert_eq!(cleared.cdr_event.username.as_deref(), Some("x"));
        assert_eq!(
            (cleared.cdr_event.token, cleared.extension_event.username),
            (None, None)
        );
    }

    #[test]
    fn cleared_property_of_a_nested_object_gets_the_initial_value_of_its_place() {
        let (vault, mut tenant) = (vault(), Tenant::default());
        let open =
            |enabled: Value| json!({"office_hours": {"monday": {"enabled": enabled}, "sunday": {"enabled": enabled}}});
        for (enabled, expected) in [
            (json!(false), (false, false)),
            (json!(true), (true, true)),
            (Value::Null, (true, false)),
        ] {
            apply::<_, UpdateCurrentTenant>(&mut tenant, Check::new(&vault, ""), open(enabled));
            let hours = &tenant.settings.office_hours;
            assert_eq!((hours.monday.enabled, hours.sunday.enabled), expected);
        }
    }

    #[test]
    fn empty_quota_is_a_value_and_required_property_cannot_be_cleared() {
        let (vault, mut tenant) = (vault(), Tenant::default());
        assert_eq!(tenant.settings.extension_im_disk_quota, "1GB");
        let sent = json!({"extension_im_disk_quota": "", "name": null, "domain": ""});
        let violations = apply::<_, UpdateCurrentTenant>(&mut tenant, Check::new(&vault, ""), sent);
        assert_eq!(violations, ["/name required", "/domain required"]);
        assert_eq!(tenant.settings.extension_im_disk_quota, "");
    }
}
