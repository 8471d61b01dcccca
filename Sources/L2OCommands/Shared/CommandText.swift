/// The command line again, to be pasted into a shell.
func commandText(_ arguments: [String] = CommandLine.arguments) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+.,:/@^%")
    return (["l2o"] + arguments.dropFirst())
        .map { word in
            guard word.isEmpty || !word.allSatisfy(plain.contains) else { return word }
            return "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
        }
        .joined(separator: " ")
}
