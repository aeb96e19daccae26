//! Names and shapes in Rust's syntax.

use syn::punctuated::Punctuated;
use syn::{Expr, Pat, Token};

/// Arguments with their numbers.
pub(super) fn numbered(values: &Punctuated<Expr, Token![,]>) -> Vec<(String, Expr)> {
    let values = values.iter().enumerate();
    values
        .map(|(at, value)| (at.to_string(), value.clone()))
        .collect()
}

/// The name that a pattern gives; empty where it takes something apart.
pub(super) fn name_of(pattern: &Pat) -> String {
    match pattern {
        Pat::Ident(name) => name.ident.to_string(),
        Pat::Type(typed) => name_of(&typed.pat),
        _ => String::new(),
    }
}

/// A field's name or number.
pub(super) fn name_of_member(member: &syn::Member) -> String {
    match member {
        syn::Member::Named(name) => name.to_string(),
        syn::Member::Unnamed(at) => at.index.to_string(),
    }
}

/// A path as it is written, without what is generic.
pub(super) fn path_text(path: &syn::Path) -> String {
    let names: Vec<String> = path
        .segments
        .iter()
        .map(|part| part.ident.to_string())
        .collect();
    names.join("::")
}

/// The last name of a path.
pub(super) fn last_segment(path: &syn::Path) -> String {
    path.segments
        .last()
        .map(|part| part.ident.to_string())
        .unwrap_or_default()
}

/// The path of what is called; empty where that is no name.
pub(super) fn path_of(callee: &Expr) -> String {
    match callee {
        Expr::Path(path) => path_text(&path.path),
        _ => String::new(),
    }
}

/// Whether it is built for tests alone.
pub(super) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let word = attribute.parse_args::<syn::Ident>();
        attribute.path().is_ident("cfg") && word.is_ok_and(|word| word == "test")
    })
}

/// What `#[error(…)]` says.
pub(super) fn error_text(attributes: &[syn::Attribute]) -> Option<String> {
    let told = attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("error"))?;
    told.parse_args::<syn::LitStr>()
        .ok()
        .map(|text| text.value())
}

/// Whether a result's error is a text.
pub(super) fn refuses_in_words(output: &syn::ReturnType) -> bool {
    let syn::ReturnType::Type(_, written) = output else {
        return false;
    };
    let syn::Type::Path(path) = &**written else {
        return false;
    };
    let Some(last) = path.path.segments.last() else {
        return false;
    };
    let syn::PathArguments::AngleBracketed(given) = &last.arguments else {
        return false;
    };
    let error = given.args.iter().nth(1);
    last.ident == "Result"
        && match error {
            Some(syn::GenericArgument::Type(syn::Type::Path(error))) => {
                error.path.is_ident("String")
            }
            Some(syn::GenericArgument::Type(syn::Type::Reference(_))) => true,
            _ => false,
        }
}
