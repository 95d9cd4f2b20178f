use anamnesis_chart::*;
use std::hint::black_box;
#[test]
fn time() {
    let mut all = vec![];
    let f = std::env::var("F").unwrap();
    let b = anamnesis_json::parse(&std::fs::read(f).unwrap()).unwrap();
    for r in b.get("entry").unwrap().each().filter_map(|e| e.get("resource")) {
        let (k, _, e) = take_apart(r.clone()).unwrap();
        if k.name() == "Observation" { all.push((format!("{k}/x").parse::<anamnesis_kernel::StreamName>().unwrap(), e)); }
    }
    catalogue(); rows_of(all[0].0.kind).count();
    let puts: Vec<_> = (0..20).flat_map(|_| all.iter().map(|(s, e)| (s, e.clone()))).collect();
    let n = puts.len();
    let t = std::time::Instant::now();
    for (s, e) in puts { black_box(decide(&State::default(), &Context { stream: s, reason: None, door: Door::Fhir }, Command::Put(e)).unwrap()); }
    println!("first {} {:?}", n, t.elapsed() / n as u32);
    let puts: Vec<_> = (0..20).flat_map(|_| all.iter().map(|(s, e)| { let mut a = e.clone(); a.set("status", "amended"); a.set("note", vec![]); (s, State { version: 1, elements: Some(e.clone()) }, a) })).collect();
    let t = std::time::Instant::now();
    for (s, st, e) in puts { black_box(decide(&st, &Context { stream: s, reason: None, door: Door::Fhir }, Command::Put(e)).unwrap()); }
    println!("later {:?}", t.elapsed() / n as u32);
}
