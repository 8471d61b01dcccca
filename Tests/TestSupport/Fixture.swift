import Files

/// The path of `Tests/Fixtures/<name>`.
public func fixturePath(_ name: String) -> String {
    let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2).joined(separator: "/")
    return "\(folder)/Fixtures/\(name)"
}

/// The bytes of `Tests/Fixtures/<name>`, which the script beside it made.
public func fixture(_ name: String) throws -> [UInt8] { try readFile(fixturePath(name)) }
