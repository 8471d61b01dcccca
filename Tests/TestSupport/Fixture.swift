import Files

/// The bytes of `Tests/Fixtures/<name>`, which the script beside it made.
public func fixture(_ name: String) throws -> [UInt8] {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    return try readFile("\(folder)/Fixtures/\(name)")
}
