import Platform

/// A number with so many significant digits, as `0.03125`, `12,500` or `3.1e-07`; `∞` and `–` for what is no number.
///
/// - Parameters:
///   - value: the number.
///   - digits: significant digits, 1 to 15.
///   - trimsZeros: whether to leave out zeros at the end of a fraction.
/// - Precondition: `digits` is from 1 to 15.
public func numberText(_ value: Double, digits: Int = 4, trimsZeros: Bool = false) -> String {
    precondition((1...15).contains(digits), "1 to 15 digits")
    guard value.isFinite else { return value == .infinity ? "∞" : value == -.infinity ? "-∞" : "–" }
    guard value != 0 else { return "0" }
    // Below, the powers of ten leave the range of Double.
    guard abs(value) > 1e-290 else { return "\(value)" }
    var exponent = Int(floor(log10(abs(value))))
    var scaled = (abs(value) / pow(10, Double(exponent - digits + 1))).rounded()
    if scaled >= pow(10, Double(digits)) {
        scaled /= 10
        exponent += 1
    }
    let figures = String(Int(scaled))
    let sign = value < 0 ? "-" : ""
    guard (-5..<9).contains(exponent) else {
        let mantissa = fraction(figures.prefix(1), figures.dropFirst(), trimsZeros)
        return "\(sign)\(mantissa)e\(exponent < 0 ? "-" : "+")\(abs(exponent) < 10 ? "0" : "")\(abs(exponent))"
    }
    guard exponent >= 0 else {
        return sign + fraction("0", String(repeating: "0", count: -exponent - 1) + figures, trimsZeros)
    }
    let whole = figures.prefix(exponent + 1) + String(repeating: "0", count: max(0, exponent + 1 - figures.count))
    return sign + fraction(grouped(whole), figures.dropFirst(exponent + 1), trimsZeros)
}

private func fraction(_ whole: some StringProtocol, _ decimals: some StringProtocol, _ trimsZeros: Bool) -> String {
    var decimals = String(decimals)
    while trimsZeros && decimals.last == "0" { decimals.removeLast() }
    return decimals.isEmpty ? String(whole) : "\(whole).\(decimals)"
}

/// `12500` as `12,500`.
private func grouped(_ digits: some StringProtocol) -> String {
    var text = ""
    for (index, digit) in digits.enumerated() {
        if index > 0 && (digits.count - index).isMultiple(of: 3) { text += "," }
        text.append(digit)
    }
    return text
}

/// A power as `10⁻⁶`, or `10^-6` where only ASCII can be shown.
package func powerText(base: Int, exponent: String, unicode: Bool) -> String {
    guard unicode else { return "\(base)^\(exponent)" }
    let raised: [Character: Character] = [
        "-": "⁻", ".": "·", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸",
        "9": "⁹",
    ]
    return "\(base)" + String(exponent.map { raised[$0] ?? $0 })
}
