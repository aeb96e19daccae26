//! The source as far as texts flow through it: functions, what is made of which values, and what a
//! name stands for. Tests are left out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Expr, Item, Pat};

use super::syntax::{
    error_text, is_for_tests, last_segment, name_of, name_of_member, numbered, path_of, path_text,
    refuses_in_words,
};
use crate::world::files_under;

/// Something with parameters and a result: a function, a method, a closure with a name.
pub(super) struct Function {
    pub(super) file: PathBuf,
    pub(super) name: String,
    /// The type that it belongs to.
    owner: Option<String>,
    is_private: bool,
    pub(super) parameters: Vec<String>,
    pub(super) body: Expr,
    /// Where a closure stands: it sees what that one sees.
    pub(super) around: Option<usize>,
    /// Whether what it refuses is told in words: `Result<_, String>`.
    pub(super) refuses_in_words: bool,
}

/// Something that is made of values: by a call, as `Variant(…)` or `Variant { … }`.
pub(super) struct Making {
    pub(super) file: PathBuf,
    pub(super) within: usize,
    /// Its path; a method's has two colons and no type.
    pub(super) path: String,
    /// Each value with its field's name or its number.
    pub(super) values: Vec<(String, Expr)>,
}

/// Where the value of a name comes from.
pub(super) enum Origin {
    /// An expression; one part of it where it is a tuple.
    Value(Expr, Option<usize>),
    /// The field of a variant that was matched.
    Field(String, String),
}

/// What holds a value and adds nothing to it.
pub(super) const HOLDS: [&str; 5] = ["Borrowed", "Err", "Ok", "Some", "from"];

/// The source, by the names in it.
#[derive(Default)]
pub(super) struct Source {
    pub(super) functions: Vec<Function>,
    makings: BTreeMap<String, Vec<Making>>,
    bindings: BTreeMap<(usize, String), Vec<Origin>>,
    constants: BTreeMap<(PathBuf, String), Expr>,
    /// What `#[error(…)]` says, and the path of the variant that says it.
    pub(super) errors: Vec<(String, String)>,
}

impl Source {
    /// Reads all source below a directory.
    pub(super) fn below(dir: &Path) -> Source {
        let mut source = Source::default();
        let rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
        for path in files_under(dir).into_iter().filter(rust) {
            source.takes(&path, &fs::read_to_string(&path).unwrap());
        }
        source
    }

    /// Reads one file's text.
    pub(super) fn takes(&mut self, path: &Path, text: &str) {
        let mut reading = Reading {
            source: self,
            file: path.to_owned(),
            within: None,
            owner: None,
        };
        reading.visit_file(&syn::parse_file(text).unwrap());
    }

    /// Whatever is made under this name, its path left out.
    pub(super) fn made_as(&self, name: &str) -> impl Iterator<Item = &Making> {
        self.makings.get(name).into_iter().flatten()
    }

    /// Everything that is made.
    pub(super) fn makings(&self) -> impl Iterator<Item = &Making> {
        self.makings.values().flatten()
    }

    /// What a name stands for in a function.
    pub(super) fn bound(&self, name: &str, within: usize) -> impl Iterator<Item = &Origin> {
        self.bindings
            .get(&(within, name.to_owned()))
            .into_iter()
            .flatten()
    }

    /// The value of a file's constant.
    pub(super) fn constant(&self, name: &str, file: &Path) -> Option<&Expr> {
        self.constants.get(&(file.to_owned(), name.to_owned()))
    }

    /// The calls of a function.
    pub(super) fn calls_of(&self, function: usize) -> impl Iterator<Item = &Making> {
        let callee = &self.functions[function];
        self.made_as(&callee.name)
            .filter(move |making| callee.is_called_by(making))
    }
}

impl Function {
    fn is_called_by(&self, making: &Making) -> bool {
        let is_near = making.file == self.file;
        let of = making.path.rsplit("::").nth(1);
        let is_of_it = match (of, &self.owner) {
            (Some(""), owner) => owner.is_some(),
            (Some("Self"), Some(_)) => is_near,
            (Some(named), Some(owner)) => named == owner,
            (Some(named), None) => named.starts_with(char::is_lowercase),
            (None, owner) => owner.is_none(),
        };
        is_of_it && (is_near || !self.is_private)
    }
}

/// Reads one file.
struct Reading<'a> {
    source: &'a mut Source,
    file: PathBuf,
    within: Option<usize>,
    owner: Option<String>,
}

impl Reading<'_> {
    /// Reads what stands within a function.
    fn reads_within(&mut self, function: Function, read: impl FnOnce(&mut Self)) {
        self.source.functions.push(function);
        let outside = self.within.replace(self.source.functions.len() - 1);
        read(self);
        self.within = outside;
    }

    fn reads_function(
        &mut self,
        signature: &syn::Signature,
        block: &syn::Block,
        seen: &syn::Visibility,
    ) {
        let parameters = signature.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Receiver(_) => None,
            syn::FnArg::Typed(typed) => Some(name_of(&typed.pat)),
        });
        let function = Function {
            file: self.file.clone(),
            name: signature.ident.to_string(),
            owner: self.owner.clone(),
            is_private: matches!(seen, syn::Visibility::Inherited),
            parameters: parameters.collect(),
            body: Expr::Block(syn::ExprBlock {
                attrs: Vec::new(),
                label: None,
                block: block.clone(),
            }),
            around: None,
            refuses_in_words: refuses_in_words(&signature.output),
        };
        self.reads_within(function, |reading| visit::visit_block(reading, block));
    }

    fn reads_closure(&mut self, pattern: &Pat, closure: &syn::ExprClosure) {
        let function = Function {
            file: self.file.clone(),
            name: name_of(pattern),
            owner: None,
            is_private: true,
            parameters: closure.inputs.iter().map(name_of).collect(),
            body: (*closure.body).clone(),
            around: self.within,
            refuses_in_words: false,
        };
        self.reads_within(function, |reading| reading.visit_expr(&closure.body));
    }

    fn makes(&mut self, path: String, values: Vec<(String, Expr)>) {
        let Some(within) = self.within else { return };
        let name = path.rsplit("::").next().unwrap_or_default().to_owned();
        let making = Making {
            file: self.file.clone(),
            within,
            path,
            values,
        };
        self.source.makings.entry(name).or_default().push(making);
    }

    fn binds(&mut self, pattern: &Pat, value: Option<&Expr>) {
        let Some(within) = self.within else { return };
        let mut bind = |name: String, from| {
            let known = self.source.bindings.entry((within, name));
            known.or_default().push(from);
        };
        match (pattern, value) {
            (Pat::Ident(_) | Pat::Type(_), Some(value)) => {
                bind(name_of(pattern), Origin::Value(value.clone(), None));
            }
            (Pat::Tuple(parts), Some(value)) => {
                for (at, part) in parts.elems.iter().enumerate() {
                    bind(name_of(part), Origin::Value(value.clone(), Some(at)));
                }
            }
            (Pat::TupleStruct(variant), value) => {
                let name = last_segment(&variant.path);
                if HOLDS.contains(&name.as_str()) {
                    let held = value.zip(variant.elems.first());
                    return held
                        .into_iter()
                        .for_each(|(value, part)| self.binds(part, Some(value)));
                }
                for (at, part) in variant.elems.iter().enumerate() {
                    bind(name_of(part), Origin::Field(name.clone(), at.to_string()));
                }
            }
            (Pat::Struct(variant), _) => {
                let name = last_segment(&variant.path);
                for field in &variant.fields {
                    let own = name_of_member(&field.member);
                    bind(name_of(&field.pat), Origin::Field(name.clone(), own));
                }
            }
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Reading<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(tests) if is_for_tests(&tests.attrs) => {}
            Item::Const(constant) => {
                let name = constant.ident.to_string();
                let value = (*constant.expr).clone();
                self.source
                    .constants
                    .insert((self.file.clone(), name), value);
            }
            other => visit::visit_item(self, other),
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !is_for_tests(&function.attrs) {
            self.reads_function(&function.sig, &function.block, &function.vis);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let syn::Type::Path(path) = &*item.self_ty {
            self.owner = Some(last_segment(&path.path));
        }
        visit::visit_item_impl(self, item);
        self.owner = None;
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.reads_function(&function.sig, &function.block, &function.vis);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        let text = error_text(&item.attrs).into_iter();
        let errors = text.map(|text| (text, item.ident.to_string()));
        self.source.errors.extend(errors);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        for variant in &item.variants {
            let text = error_text(&variant.attrs).into_iter();
            let path = format!("{}::{}", item.ident, variant.ident);
            self.source
                .errors
                .extend(text.map(|text| (text, path.clone())));
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        let value = local.init.as_ref().map(|init| &*init.expr);
        if let Some(Expr::Closure(closure)) = value {
            return self.reads_closure(&local.pat, closure);
        }
        self.binds(&local.pat, value);
        visit::visit_local(self, local);
    }

    fn visit_expr_let(&mut self, matched: &'ast syn::ExprLet) {
        self.binds(&matched.pat, Some(&matched.expr));
        visit::visit_expr_let(self, matched);
    }

    fn visit_expr_match(&mut self, choice: &'ast syn::ExprMatch) {
        for arm in &choice.arms {
            self.binds(&arm.pat, Some(&choice.expr));
        }
        visit::visit_expr_match(self, choice);
    }

    fn visit_pat(&mut self, pattern: &'ast Pat) {
        self.binds(pattern, None);
        visit::visit_pat(self, pattern);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        let values = numbered(&call.args);
        self.makes(path_of(&call.func), values);
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let values = numbered(&call.args);
        self.makes(format!("::{}", call.method), values);
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
        let field = |field: &syn::FieldValue| (name_of_member(&field.member), field.expr.clone());
        let values = made.fields.iter().map(field).collect();
        self.makes(path_text(&made.path), values);
        visit::visit_expr_struct(self, made);
    }
}
