import Files
import Platform

/// Where data sets lie on this machine.
public enum DataFolder {
    /// The folder that holds `mnist/` and the other data sets.
    ///
    /// The first of these that is given and not empty: `explicit` (the option `--data-dir`), the environment
    /// variable `L2O_DATA_DIR`, `$XDG_CACHE_HOME/l2o`, `~/.cache/l2o`. It need not exist.
    /// - Parameter environment: looks an environment variable up; the process's own by default.
    /// - Throws: `InputError` where none of them is given and there is no home folder.
    public static func resolve(
        _ explicit: String? = nil, environment: (String) -> String? = processEnvironment
    ) throws -> String {
        if let explicit, !explicit.isEmpty { return explicit }
        if let folder = environment("L2O_DATA_DIR"), !folder.isEmpty { return folder }
        // The XDG specification has relative paths ignored.
        if let cache = environment("XDG_CACHE_HOME"), cache.hasPrefix("/") { return "\(cache)/l2o" }
        if let home = environment("HOME"), !home.isEmpty { return "\(home)/.cache/l2o" }
        throw InputError(
            "data folder", "none is named, and HOME is not set", advice: "name one with --data-dir or L2O_DATA_DIR")
    }

    /// The value of one of this process's environment variables.
    public static func processEnvironment(_ name: String) -> String? { environmentVariable(name) }
}
