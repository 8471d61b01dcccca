/// The path of a file in `Tests/Fixtures`.
public func fixture(_ name: String) -> String {
    let folders = #filePath.split(separator: "/").dropLast(2)
    return "/" + folders.joined(separator: "/") + "/Fixtures/" + name
}
