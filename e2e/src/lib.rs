//! The binary from outside, over the wire, as its users meet it; everything is in the tests.
