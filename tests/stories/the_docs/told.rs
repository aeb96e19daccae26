//! Every text that can become a message, wherever in the source it is spelled: from each place where
//! one is made, back through variables, parameters, closures and the fields of errors.

mod source;
mod syntax;

use std::collections::BTreeSet;
use std::path::Path;

use syn::punctuated::Punctuated;
use syn::visit::Visit;
use syn::{Expr, ExprMacro, Lit, Stmt, Token};

use source::{HOLDS, Making, Origin, Source};
use syntax::{name_of_member, path_of};

/// What hands a text on as it is.
const HANDS_ON: [&str; 19] = [
    "as_ref",
    "as_str",
    "clone",
    "filter",
    "into",
    "into_owned",
    "map",
    "map_err",
    "map_or",
    "ok_or",
    "ok_or_else",
    "then",
    "then_some",
    "to_owned",
    "to_string",
    "trim",
    "trim_start_matches",
    "unwrap_or",
    "unwrap_or_default",
];

/// What gives the error of a result.
const REFUSES: [&str; 4] = ["Err", "map_err", "ok_or", "ok_or_else"];

/// Every text of a message, and of a part of one, that is spelled below a directory.
pub(super) fn texts(dir: &Path) -> BTreeSet<String> {
    of_source(&Source::below(dir))
}

/// Where a message is made whose words cannot be followed to where they are spelled: the file and
/// the function.
pub(super) fn untraced(dir: &Path) -> BTreeSet<String> {
    let source = Source::below(dir);
    let silent = notices(&source).filter(|making| said_by(&source, making, 0).is_empty());
    let place = |making: &Making| {
        let function = &source.functions[making.within];
        format!("{}: {}", making.file.display(), function.name)
    };
    silent.map(place).collect()
}

fn of_source(source: &Source) -> BTreeSet<String> {
    let of_errors = source.errors.iter().map(|(text, _)| text.clone());
    let mut texts: BTreeSet<String> = of_errors.collect();
    for making in notices(source) {
        texts.extend(said_by(source, making, 0));
    }
    let in_errors = source
        .makings()
        .filter(|making| is_of_error(source, making));
    let refusals = REFUSES.iter().flat_map(|name| source.made_as(name));
    let refusals = refusals.filter(|making| source.functions[making.within].refuses_in_words);
    for making in in_errors.chain(refusals) {
        for at in 0..making.values.len() {
            texts.extend(said_by(source, making, at));
        }
    }
    texts
}

fn notices(source: &Source) -> impl Iterator<Item = &Making> {
    let made = source.made_as("new");
    made.filter(|making| making.path.ends_with("Notice::new"))
}

fn is_of_error(source: &Source, making: &Making) -> bool {
    let (owner, variant) = making.path.rsplit_once("::").unwrap_or(("", &making.path));
    let owner = owner.rsplit("::").next().unwrap_or_default();
    source
        .errors
        .iter()
        .any(|(_, path)| match path.split_once("::") {
            Some((own, name)) => name == variant && [own, "Self"].contains(&owner),
            None => path == variant,
        })
}

fn said_by(source: &Source, making: &Making, at: usize) -> BTreeSet<String> {
    let mut following = Following {
        source,
        texts: BTreeSet::new(),
        seen: BTreeSet::new(),
    };
    following.follow(&making.values[at].1, making.within);
    following.texts
}

/// One text on the way back to where it is spelled.
struct Following<'a> {
    source: &'a Source,
    texts: BTreeSet<String>,
    seen: BTreeSet<(usize, String)>,
}

impl Following<'_> {
    fn follow(&mut self, value: &Expr, within: usize) {
        match value {
            Expr::Lit(literal) => {
                if let Lit::Str(text) = &literal.lit {
                    self.texts.insert(text.value());
                }
            }
            Expr::Macro(made) => self.follow_format(made, within),
            Expr::Path(path) => {
                let name = path.path.segments.last().unwrap().ident.to_string();
                self.follow_name(&name, within);
            }
            Expr::Field(part) => self.follow_field(&name_of_member(&part.member), within),
            Expr::Reference(inner) => self.follow(&inner.expr, within),
            Expr::Paren(inner) => self.follow(&inner.expr, within),
            Expr::Try(inner) => self.follow(&inner.expr, within),
            Expr::MethodCall(call) => {
                let name = call.method.to_string();
                if HANDS_ON.contains(&name.as_str()) {
                    self.follow(&call.receiver, within);
                    call.args
                        .iter()
                        .for_each(|value| self.follow(value, within));
                } else {
                    self.follow_result(&name, within);
                }
            }
            Expr::Call(call) => {
                let name = last_of(&call.func);
                if HOLDS.contains(&name.as_str()) {
                    call.args
                        .iter()
                        .for_each(|value| self.follow(value, within));
                } else {
                    self.follow_result(&name, within);
                }
            }
            _ => results(value)
                .into_iter()
                .filter(|result| !std::ptr::eq(*result, value))
                .for_each(|result| self.follow(result, within)),
        }
    }

    /// The text of `format!`, and what is put into it.
    fn follow_format(&mut self, made: &ExprMacro, within: usize) {
        let parser = Punctuated::<Expr, Token![,]>::parse_terminated;
        let Ok(values) = made.mac.parse_body_with(parser) else {
            return;
        };
        let Some(Expr::Lit(first)) = values.first() else {
            return;
        };
        let Lit::Str(text) = &first.lit else {
            return;
        };
        let text = text.value();
        let names = text
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split(['}', ':']).next());
        for name in names.filter(|name| !name.is_empty()) {
            self.follow_name(name, within);
        }
        self.texts.insert(text.clone());
        values
            .iter()
            .skip(1)
            .for_each(|value| self.follow(value, within));
    }

    fn follow_name(&mut self, name: &str, within: usize) {
        if !self.seen.insert((within, name.to_owned())) {
            return;
        }
        let source = self.source;
        for origin in source.bound(name, within) {
            self.follow_origin(origin, within);
        }
        let function = &source.functions[within];
        if let Some(value) = source.constant(name, &function.file) {
            self.follow(value, within);
        }
        if let Some(at) = function.parameters.iter().position(|own| own == name) {
            for call in source.calls_of(within) {
                let given = call.values.get(at).into_iter();
                given.for_each(|(_, value)| self.follow(value, call.within));
            }
        } else if let Some(around) = function.around {
            self.follow_name(name, around);
        }
    }

    fn follow_origin(&mut self, origin: &Origin, within: usize) {
        match origin {
            Origin::Value(value, None) => self.follow(value, within),
            Origin::Value(value, Some(at)) => {
                for result in results(value) {
                    if let Expr::Tuple(parts) = result {
                        parts
                            .elems
                            .iter()
                            .nth(*at)
                            .into_iter()
                            .for_each(|part| self.follow(part, within));
                    }
                }
            }
            Origin::Field(variant, field) => {
                for making in self.source.made_as(variant) {
                    self.follow_part(making, field);
                }
            }
        }
    }

    /// What a field of this name is in the same room.
    fn follow_field(&mut self, field: &str, within: usize) {
        let file = &self.source.functions[within].file;
        let is_numbered = field.chars().all(|c| c.is_ascii_digit());
        if !is_numbered && self.seen.insert((within, format!(".{field}"))) {
            let near = self
                .source
                .makings()
                .filter(|making| making.file.parent() == file.parent());
            near.for_each(|making| self.follow_part(making, field));
        }
    }

    fn follow_part(&mut self, making: &Making, field: &str) {
        let given = making.values.iter().filter(|(name, _)| name == field);
        given.for_each(|(_, value)| self.follow(value, making.within));
    }

    /// What a function of the same room gives back.
    fn follow_result(&mut self, name: &str, within: usize) {
        let source = self.source;
        let room = source.functions[within].file.parent();
        for (at, function) in source.functions.iter().enumerate() {
            let is_it = function.name == name && function.file.parent() == room;
            if is_it && self.seen.insert((at, "()".to_owned())) {
                for result in results(&function.body) {
                    self.follow(result, at);
                }
            }
        }
    }
}

/// The expressions whose value an expression may have.
fn results(value: &Expr) -> Vec<&Expr> {
    match value {
        Expr::Block(block) => of_statements(&block.block.stmts),
        Expr::If(choice) => {
            let other = choice
                .else_branch
                .iter()
                .flat_map(|(_, other)| results(other));
            of_statements(&choice.then_branch.stmts)
                .into_iter()
                .chain(other)
                .collect()
        }
        Expr::Match(choice) => choice
            .arms
            .iter()
            .flat_map(|arm| results(&arm.body))
            .collect(),
        Expr::Paren(inner) => results(&inner.expr),
        Expr::Closure(closure) => results(&closure.body),
        Expr::Return(given) => given.expr.iter().flat_map(|value| results(value)).collect(),
        other => vec![other],
    }
}

fn of_statements(statements: &[Stmt]) -> Vec<&Expr> {
    let mut returns = Returns(Vec::new());
    for statement in statements {
        returns.visit_stmt(statement);
    }
    if let Some(Stmt::Expr(last, None)) = statements.last() {
        returns.0.extend(results(last));
    }
    returns.0
}

struct Returns<'a>(Vec<&'a Expr>);

impl<'a> Visit<'a> for Returns<'a> {
    fn visit_expr_return(&mut self, given: &'a syn::ExprReturn) {
        self.0
            .extend(given.expr.iter().flat_map(|value| results(value)));
    }

    fn visit_expr_closure(&mut self, _: &'a syn::ExprClosure) {}
}

fn last_of(callee: &Expr) -> String {
    let path = path_of(callee);
    path.rsplit("::").next().unwrap_or_default().to_owned()
}

const MESSAGES: &str = r#"
    const AGAIN: &str = "by a constant";
    fn one(is_full: bool) -> Notice {
        let (what, mend) = match is_full {
            true => ("by one arm", "a mend"),
            false => ("by another arm", "another mend"),
        };
        Notice::new(what, mend)
    }
    fn two(why: &str) -> Notice {
        Notice::new(format!("with a part: {why}, {}", three()), "a mend")
    }
    fn three() -> String {
        if true { return "by a result".to_owned() }
        AGAIN.into()
    }
    fn four(value: Fault) -> Notice {
        let told = |text: String| Notice::new(text, "a mend");
        match value {
            Fault::Named { why } => two(why),
            Fault::Other(text) => told(text.clone()),
        }
    }
    fn five() -> Fault {
        if true { Fault::Named { why: "by a field" } } else { Fault::Other(format!("by number")) }
    }
    fn six(text: &str) -> Result<u8, String> {
        Err("by a refusal".to_owned())
    }
    #[derive(Error)]
    enum Failure {
        #[error("by an error: {0}")]
        Odd(String),
    }
    fn seven() { odd(Failure::Odd("within an error".to_owned())) }
    fn nine(one: Word) -> Notice {
        if let Some(phrase) = one.doubt { return Notice::new(phrase, "a mend") }
        eight("")
    }
    fn ten(bad: bool) -> Word {
        Word { doubt: bad.then_some("by a member"), other: "not told" }
    }
    fn eight(problem: &str) -> Notice { Notice::new(problem.words_of_others(), "") }
    #[cfg(test)]
    mod tests { fn nine() { Notice::new("in a test", "") } }
"#;

#[test]
fn a_text_is_found_through_all_that_it_goes_through() {
    let mut source = Source::default();
    source.takes(Path::new("one.rs"), MESSAGES);
    let found: Vec<String> = of_source(&source).into_iter().collect();
    let promised = [
        "by a constant",
        "by a field",
        "by a member",
        "by a refusal",
        "by a result",
        "by an error: {0}",
        "by another arm",
        "by number",
        "by one arm",
        "with a part: {why}, {}",
        "within an error",
    ];
    assert_eq!(found, promised);
    let silent = notices(&source).filter(|making| said_by(&source, making, 0).is_empty());
    assert_eq!(silent.count(), 1);
}
