//! The derive macro of `pbx_types::record::Record`, which re-exports and documents it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, parse_macro_input};

/// Implements `Record` for a struct with named fields. Each is a column of its name, and a field of lists unless it has the
/// attribute `#[record(unlisted)]`.
#[proc_macro_derive(Record, attributes(record))]
pub fn derive_record(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    implement(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn implement(input: &DeriveInput) -> Result<TokenStream, Error> {
    let name = &input.ident;
    let unsupported = || Error::new_spanned(name, "a record is a struct with named fields and without parameters");
    let Data::Struct(data) = &input.data else {
        return Err(unsupported());
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(unsupported());
    };
    if !input.generics.params.is_empty() {
        return Err(unsupported());
    }
    let record = quote!(::pbx_types::record);
    let (mut members, mut columns, mut types, mut listed) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut has_id = false;
    for field in &fields.named {
        // A field of a struct with named fields has a name.
        let Some(member) = &field.ident else { continue };
        let column = member.to_string().trim_start_matches("r#").to_owned();
        let field_type = &field.ty;
        has_id |= column == "id";
        if !is_unlisted(&field.attrs)? {
            listed.push(quote!(#record::list_field::<#field_type>(#column)));
        }
        members.push(member);
        columns.push(column);
        types.push(field_type);
    }
    if !has_id {
        let id = quote!(::pbx_types::list::ListField::new(#record::ID, ::pbx_types::list::FieldKind::Id));
        listed.insert(0, id);
    }
    Ok(quote! {
        impl #record::Record for #name {
            const COLUMNS: &'static [#record::RecordColumn] = &[
                #(#record::RecordColumn { name: #columns, storage: <#types as #record::Column>::STORAGE }),*
            ];

            const FIELDS: &'static [::pbx_types::list::ListField] = &[
                #(#listed),*
            ];

            fn to_cells(&self) -> ::std::vec::Vec<#record::Cell<'_>> {
                ::std::vec![#(#record::Column::to_cell(&self.#members)),*]
            }

            fn from_cells<R: #record::ReadCells>(__row: &mut R) -> ::std::result::Result<Self, R::Error> {
                ::std::result::Result::Ok(Self { #(#members: __row.read(#columns)?),* })
            }
        }
    })
}

/// Returns `true` if one of the attributes is `#[record(unlisted)]`.
fn is_unlisted(attributes: &[Attribute]) -> Result<bool, Error> {
    let mut unlisted = false;
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("record"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("unlisted") {
                unlisted = true;
                Ok(())
            } else {
                Err(meta.error("the attribute of a record's field is `unlisted`"))
            }
        })?;
    }
    Ok(unlisted)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn records_are_flat_structs() {
        for input in [
            parse_quote!(
                enum Color {
                    Red,
                }
            ),
            parse_quote!(
                struct Pair(u16, u16);
            ),
            parse_quote!(
                struct Wrapper<T> {
                    value: T,
                }
            ),
            parse_quote!(
                struct Person {
                    #[record(hidden)]
                    name: String,
                }
            ),
        ] {
            assert!(implement(&input).is_err(), "{input:?}");
        }
        let person = parse_quote!(
            struct Person {
                #[record(unlisted)]
                name: String,
            }
        );
        assert!(implement(&person).is_ok());
    }
}
