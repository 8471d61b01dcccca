/// The one of `names` that `name` was probably meant to be.
///
/// Compares by Levenshtein's edit distance, ignoring case; the first of equally near names wins.
/// - Returns: nil where even the nearest differs in more than half of its letters, or there are no names.
public func nearestName(to name: String, among names: some Sequence<String>) -> String? {
    let given = Array(name.lowercased())
    var best: (name: String, distance: Int)?
    for candidate in names {
        let distance = editDistance(given, Array(candidate.lowercased()))
        if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(best.name.count / 2, 1) else { return nil }
    return best.name
}

/// Advice for an unknown name: the nearest known one, or else all of them.
public func suggestion(for name: String, among names: some Collection<String>) -> String {
    if let nearest = nearestName(to: name, among: names) { return "did you mean \(nearest)?" }
    return "choose one of \(names.joined(separator: ", "))"
}

/// How many letters must be inserted, deleted or replaced to make one word of the other.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in b.enumerated() {
            let replaced = diagonal + (letter == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
