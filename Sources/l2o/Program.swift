import L2OCommands

@main
struct Program {
    @MainActor
    static func main() async { await CommandRunner(L2O.self).run() }
}
