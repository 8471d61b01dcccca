/// The candidate that `name` was most likely meant to be, or nil where none is near.
///
/// Near means a Damerau–Levenshtein distance (insertions, deletions, substitutions and swaps of neighbours, in the
/// restricted form called optimal string alignment; Damerau 1964) of at most a third of the longer name, or a
/// candidate that `name`, of three letters or more, begins; letters' case does not count. The smallest distance wins,
/// among equals the first.
///
///     nearestName(to: "adm", among: ["sgd", "adam"])  // "adam"
///     nearestName(to: "mnist", among: ["quadratic", "mnist-mlp"])  // "mnist-mlp"
public func nearestName(to name: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(name.lowercased())
    // Names come from files too: no quadratic work on a hostile one.
    guard wanted.count <= 100 else { return nil }
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let letters = Array(candidate.lowercased())
        guard letters.count <= 100 else { continue }
        let distance = alignmentDistance(wanted, letters)
        let isTypo = distance < wanted.count && distance <= max(1, max(wanted.count, letters.count) / 3)
        let isBeginning = wanted.count >= 3 && letters.starts(with: wanted)
        guard isTypo || isBeginning else { continue }
        if best.map({ distance < $0.distance }) ?? true { best = (candidate, distance) }
    }
    return best?.name
}

/// Three rolling rows of the usual dynamic programme.
private func alignmentDistance(_ first: [Character], _ second: [Character]) -> Int {
    var beforeLast = [Int](repeating: 0, count: second.count + 1)
    var last = Array(0...second.count)
    for i in first.indices {
        var current = [i + 1]
        for j in second.indices {
            let substitution = last[j] + (first[i] == second[j] ? 0 : 1)
            var distance = min(substitution, last[j + 1] + 1, current[j] + 1)
            if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                distance = min(distance, beforeLast[j - 1] + 1)
            }
            current.append(distance)
        }
        (beforeLast, last) = (last, current)
    }
    return last[second.count]
}

/// Advice for an unknown name: the nearest known one, or else all of them.
///
/// - Parameter overview: what is said in place of all names, where these are too many.
public func suggestion(
    for name: String, among names: some Collection<String>, overview: String? = nil
) -> String {
    if let nearest = nearestName(to: name, among: names) { return "did you mean \(nearest)?" }
    return overview ?? "choose one of \(names.joined(separator: ", "))"
}
