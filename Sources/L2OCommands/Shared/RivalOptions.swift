import ArgumentParser
import Files
import Platform

/// Weights of other projects that race too.
struct RivalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Folder of weight files, as of other projects; each of them races too.", valueName: "folder"))
    var rivals: String?

    @Flag(help: "The same with the folder that L2O_RIVALS_DIR names.")
    var allRivals = false

    mutating func validate() throws {
        if rivals != nil && allRivals { throw ValidationError("--all-rivals: give either this or --rivals") }
    }

    /// The files' paths, sorted; none where nothing is asked for.
    ///
    /// - Throws: `InputError` where there is no folder, or no weight file in it.
    var files: [String] {
        get throws {
            guard rivals != nil || allRivals else { return [] }
            guard let folder = rivals ?? environmentVariable("L2O_RIVALS_DIR"), !folder.isEmpty else {
                throw InputError(
                    "--all-rivals", "L2O_RIVALS_DIR names no folder", advice: "set it, or name one with --rivals")
            }
            let names = fileNames(in: folder).filter { $0.hasSuffix(".safetensors") }.sorted()
            guard !names.isEmpty else {
                throw InputError(folder, "holds no weight file", advice: "name a folder with .safetensors files")
            }
            return names.map { folder.hasSuffix("/") ? folder + $0 : "\(folder)/\($0)" }
        }
    }
}
