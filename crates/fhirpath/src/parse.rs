//! Tokens to tree, by the grammar's precedence.
//!
//! Invariant: no tree is deeper than [`DEPTH_MAX`], so walking it needs a stack of known size.
//!
//! <https://hl7.org/fhirpath/N1/grammar.html>

use regex::Regex;
use rust_decimal::Decimal;

use crate::error::{ParseError, Reason};
use crate::expr::{
    Arithmetic, Call, Comparison, Condition, Expr, Literal, Namespace, Op, TypeSpecifier, Variable,
};
use crate::function::{Function, Test};
use crate::lex::{Lexer, Token};
use crate::quantity::Calendar;
use crate::{DEPTH_MAX, Quantity, TEXT_BYTES_MAX, pattern};

/// Parses the whole of `text`.
pub(crate) fn parse(text: &str) -> Result<Expr, ParseError> {
    let located = |(offset, reason): Fault| {
        let column = text.get(..offset).map_or(0, |before| before.chars().count()) + 1;
        ParseError { reason, offset, column }
    };
    if text.len() > TEXT_BYTES_MAX {
        return Err(located((0, Reason::TooLarge)));
    }
    let mut lexer = Lexer::new(text);
    let (at, next) = lexer.next().map_err(located)?;
    let mut parser = Parser { lexer, at, next, nesting: 0 };
    let whole = parser.expression(0).and_then(|tree| match parser.next {
        Token::End => Ok(tree.expr),
        _ => Err(parser.fault(Reason::Unexpected)),
    });
    whole.map_err(located)
}

type Fault = (usize, Reason);

/// A tree and how deep it is.
struct Tree {
    expr: Expr,
    depth: usize,
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    /// Where `next` begins.
    at: usize,
    next: Token<'t>,
    nesting: usize,
}

/// How tightly the operators bind; what stands higher binds tighter.
fn binding(token: &Token<'_>) -> Option<(u8, Infix)> {
    use Infix::{As, Is, Plain, Union};
    let value = |op| Plain(Op::Arithmetic(op));
    let condition = |op| Plain(Op::Condition(op));
    let compare = |op| condition(Condition::Compare(op));
    Some(match token {
        Token::Word("implies") => (1, condition(Condition::Implies)),
        Token::Word("or") => (2, condition(Condition::Or)),
        Token::Word("xor") => (2, condition(Condition::Xor)),
        Token::Word("and") => (3, condition(Condition::And)),
        Token::Word("in") => (4, compare(Comparison::In)),
        Token::Word("contains") => (4, compare(Comparison::Contains)),
        Token::Sign("=") => (5, compare(Comparison::Equal)),
        Token::Sign("!=") => (5, compare(Comparison::NotEqual)),
        Token::Sign("~") => (5, compare(Comparison::Equivalent)),
        Token::Sign("!~") => (5, compare(Comparison::NotEquivalent)),
        Token::Sign("<") => (6, compare(Comparison::Less)),
        Token::Sign("<=") => (6, compare(Comparison::LessOrEqual)),
        Token::Sign(">") => (6, compare(Comparison::Greater)),
        Token::Sign(">=") => (6, compare(Comparison::GreaterOrEqual)),
        Token::Sign("|") => (7, Union),
        Token::Word("is") => (8, Is),
        Token::Word("as") => (8, As),
        Token::Sign("+") => (9, value(Arithmetic::Add)),
        Token::Sign("-") => (9, value(Arithmetic::Subtract)),
        Token::Sign("&") => (9, value(Arithmetic::Concatenate)),
        Token::Sign("*") => (10, value(Arithmetic::Multiply)),
        Token::Sign("/") => (10, value(Arithmetic::Divide)),
        Token::Word("div") => (10, value(Arithmetic::Div)),
        Token::Word("mod") => (10, value(Arithmetic::Mod)),
        _ => return None,
    })
}

enum Infix {
    Plain(Op),
    Union,
    Is,
    As,
}

impl<'t> Parser<'t> {
    fn fault(&self, reason: Reason) -> Fault {
        let reason =
            if self.next == Token::End && reason == Reason::Unexpected { Reason::Truncated } else { reason };
        (self.at, reason)
    }

    /// The next token, and steps over it.
    fn advance(&mut self) -> Result<Token<'t>, Fault> {
        let (at, next) = self.lexer.next()?;
        self.at = at;
        Ok(std::mem::replace(&mut self.next, next))
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.next, Token::Sign(next) if next == sign)
    }

    fn take_sign(&mut self, sign: &str) -> Result<bool, Fault> {
        let there = self.is_sign(sign);
        if there {
            self.advance()?;
        }
        Ok(there)
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Fault> {
        if self.take_sign(sign)? { Ok(()) } else { Err(self.fault(Reason::Unexpected)) }
    }

    /// A tree one deeper than the deepest of its parts.
    fn grow(&self, expr: Expr, below: usize) -> Result<Tree, Fault> {
        let depth = below + 1;
        if depth > DEPTH_MAX { Err(self.fault(Reason::TooLarge)) } else { Ok(Tree { expr, depth }) }
    }

    /// An expression whose operators bind tighter than `least`.
    fn expression(&mut self, least: u8) -> Result<Tree, Fault> {
        self.nesting += 1;
        if self.nesting > DEPTH_MAX {
            return Err(self.fault(Reason::TooLarge));
        }
        let mut left = self.polar()?;
        while let Some((strength, infix)) = binding(&self.next).filter(|(strength, _)| *strength > least) {
            self.advance()?;
            left = match infix {
                Infix::Is => {
                    let of = self.type_specifier()?;
                    self.grow(Expr::Is { base: Box::new(left.expr), of }, left.depth)?
                }
                Infix::As => {
                    let of = self.type_specifier()?;
                    self.grow(Expr::As { base: Box::new(left.expr), of }, left.depth)?
                }
                Infix::Union => {
                    let right = self.expression(strength)?;
                    self.join(left, right)?
                }
                Infix::Plain(op) => {
                    let right = self.expression(strength)?;
                    let below = left.depth.max(right.depth);
                    let (left, right) = (Box::new(left.expr), Box::new(right.expr));
                    let expr = match op {
                        Op::Arithmetic(op) => Expr::Arithmetic { op, left, right },
                        Op::Condition(op) => Expr::Condition { op, left, right },
                    };
                    self.grow(expr, below)?
                }
            };
        }
        self.nesting -= 1;
        Ok(left)
    }

    /// `a | b | c` is one union, however long.
    fn join(&self, left: Tree, right: Tree) -> Result<Tree, Fault> {
        match left.expr {
            Expr::Union(mut parts) => {
                parts.push(right.expr);
                Ok(Tree { expr: Expr::Union(parts), depth: left.depth.max(right.depth + 1) })
            }
            first => self.grow(Expr::Union(vec![first, right.expr]), left.depth.max(right.depth)),
        }
    }

    /// `-a`, `+a`, or a term with what follows it.
    fn polar(&mut self) -> Result<Tree, Fault> {
        let (minus, plus) = (self.is_sign("-"), self.is_sign("+"));
        if !minus && !plus {
            return self.postfix();
        }
        self.nesting += 1;
        if self.nesting > DEPTH_MAX {
            return Err(self.fault(Reason::TooLarge));
        }
        self.advance()?;
        let inner = self.polar()?;
        self.nesting -= 1;
        let base = Box::new(inner.expr);
        self.grow(if minus { Expr::Negative(base) } else { Expr::Positive(base) }, inner.depth)
    }

    fn postfix(&mut self) -> Result<Tree, Fault> {
        let mut tree = self.term()?;
        loop {
            if self.take_sign(".")? {
                tree = self.invocation(Some(tree))?;
            } else if self.take_sign("[")? {
                let index = self.expression(0)?;
                self.expect_sign("]")?;
                let below = tree.depth.max(index.depth);
                let (base, index) = (Box::new(tree.expr), Box::new(index.expr));
                tree = self.grow(Expr::At { base, index }, below)?;
            } else {
                return Ok(tree);
            }
        }
    }

    fn term(&mut self) -> Result<Tree, Fault> {
        let leaf = |expr| Ok(Tree { expr, depth: 1 });
        let start = self.at;
        match &self.next {
            Token::Sign("(") => {
                self.advance()?;
                let inner = self.expression(0)?;
                self.expect_sign(")")?;
                Ok(inner)
            }
            Token::Sign("{") => {
                self.advance()?;
                self.expect_sign("}")?;
                leaf(Expr::Nothing)
            }
            Token::Sign("%") => {
                self.advance()?;
                let name = match self.advance()? {
                    Token::Word(name) => name.to_owned(),
                    Token::Name(name) | Token::String(name) => name,
                    _ => return Err((start, Reason::Unexpected)),
                };
                leaf(Expr::Variable(variable(&name)))
            }
            Token::Word("true") => self.literal(Literal::Boolean(true)),
            Token::Word("false") => self.literal(Literal::Boolean(false)),
            Token::String(text) => {
                let text = text.as_str().into();
                self.literal(Literal::String(text))
            }
            Token::Temporal(temporal) => {
                let temporal = temporal.0;
                self.literal(Literal::Temporal(temporal))
            }
            Token::Number(digits) => {
                let digits = *digits;
                self.advance()?;
                let literal = self.number(digits).map_err(|reason| (start, reason))?;
                if matches!(literal, Literal::Quantity { .. }) {
                    self.advance()?;
                }
                leaf(Expr::Literal(literal))
            }
            _ => self.invocation(None),
        }
    }

    fn literal(&mut self, literal: Literal) -> Result<Tree, Fault> {
        self.advance()?;
        Ok(Tree { expr: Expr::Literal(literal), depth: 1 })
    }

    /// A number, or a quantity when a unit follows.
    fn number(&self, digits: &str) -> Result<Literal, Reason> {
        let decimal = || digits.parse::<Decimal>().map_err(|_| Reason::Literal);
        match &self.next {
            Token::String(unit) => {
                let quantity = Quantity::of(decimal()?, unit.as_str());
                let (value, calendar) = (quantity.value, quantity.calendar);
                Ok(Literal::Quantity { value, unit: (*quantity.unit).into(), calendar })
            }
            Token::Word(word) if Calendar::word(word).is_some() => {
                let quantity = Quantity::of(decimal()?, *word);
                Ok(Literal::Quantity { value: quantity.value, unit: (*quantity.unit).into(), calendar: true })
            }
            _ if digits.contains('.') => Ok(Literal::Decimal(decimal()?)),
            _ => digits.parse().map(Literal::Integer).map_err(|_| Reason::Literal),
        }
    }

    /// What may follow a point, or begin a term.
    fn invocation(&mut self, base: Option<Tree>) -> Result<Tree, Fault> {
        let start = self.at;
        let name = match self.advance()? {
            Token::Word(word) => word.to_owned(),
            Token::Name(name) => name,
            Token::Dollar(word) => {
                let expr = match word {
                    "this" => Expr::This,
                    "index" => Expr::Index,
                    "total" => Expr::Total,
                    _ => return Err((start, Reason::Unexpected)),
                };
                return Ok(Tree { expr, depth: 1 });
            }
            Token::End => return Err((start, Reason::Truncated)),
            _ => return Err((start, Reason::Unexpected)),
        };
        if self.take_sign("(")? {
            return self.call(base, &name, start);
        }
        let name = name.into_boxed_str();
        match base {
            None => Ok(Tree { expr: Expr::Head(name), depth: 1 }),
            Some(base) => self.grow(Expr::Child { base: Box::new(base.expr), name }, base.depth),
        }
    }

    fn call(&mut self, base: Option<Tree>, name: &str, start: usize) -> Result<Tree, Fault> {
        let base = base.unwrap_or(Tree { expr: Expr::This, depth: 1 });
        if matches!(name, "is" | "as" | "ofType") {
            let of = self.type_specifier()?;
            self.expect_sign(")")?;
            let inner = Box::new(base.expr);
            let expr = if name == "is" { Expr::Is { base: inner, of } } else { Expr::As { base: inner, of } };
            return self.grow(expr, base.depth);
        }
        let (function, counts) = Function::named(name).ok_or((start, Reason::Function))?;
        let (mut arguments, mut below) = (Vec::new(), base.depth);
        if !self.take_sign(")")? {
            loop {
                let argument = self.expression(0)?;
                below = below.max(argument.depth);
                arguments.push(argument.expr);
                if !self.take_sign(",")? {
                    self.expect_sign(")")?;
                    break;
                }
            }
        }
        if !counts.contains(&arguments.len()) {
            return Err((start, Reason::Arguments));
        }
        let pattern = literal_pattern(function, &arguments).map_err(|reason| (start, reason))?;
        let call = Call { base: base.expr, function, arguments, pattern };
        self.grow(Expr::Call(Box::new(call)), below)
    }

    fn type_specifier(&mut self) -> Result<TypeSpecifier, Fault> {
        let first = self.name()?;
        if !self.is_sign(".") {
            return Ok(TypeSpecifier { namespace: Namespace::Either, name: first.into() });
        }
        let namespace = match first.as_str() {
            "FHIR" => Namespace::Fhir,
            "System" => Namespace::System,
            // `value is Quantity.unit` cannot be meant; an unknown namespace has no types.
            _ => Namespace::Unknown,
        };
        self.advance()?;
        Ok(TypeSpecifier { namespace, name: self.name()?.into() })
    }

    fn name(&mut self) -> Result<String, Fault> {
        let fault = self.fault(Reason::Unexpected);
        match self.advance()? {
            Token::Word(word) => Ok(word.to_owned()),
            Token::Name(name) => Ok(name),
            _ => Err(fault),
        }
    }
}

/// What a variable's name means, <https://hl7.org/fhir/R4/fhirpath.html#variables>.
fn variable(name: &str) -> Variable {
    match name {
        "resource" => Variable::Resource,
        "rootResource" => Variable::RootResource,
        "context" => Variable::Context,
        "ucum" => Variable::Text("http://unitsofmeasure.org".into()),
        "sct" => Variable::Text("http://snomed.info/sct".into()),
        "loinc" => Variable::Text("http://loinc.org".into()),
        _ => {
            if let Some(set) = name.strip_prefix("vs-") {
                Variable::Text(format!("http://hl7.org/fhir/ValueSet/{set}").into())
            } else if let Some(extension) = name.strip_prefix("ext-") {
                Variable::Text(format!("http://hl7.org/fhir/StructureDefinition/{extension}").into())
            } else {
                Variable::Named(name.into())
            }
        }
    }
}

/// The regular expression of a call whose pattern is a literal.
fn literal_pattern(function: Function, arguments: &[Expr]) -> Result<Option<Regex>, Reason> {
    let full = match function {
        Function::Test(Test::Matches) | Function::ReplaceMatches => false,
        Function::Test(Test::MatchesFull) => true,
        _ => return Ok(None),
    };
    match arguments.first() {
        Some(Expr::Literal(Literal::String(text))) => {
            pattern::compile(text, full).map(Some).ok_or(Reason::Pattern)
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests;
