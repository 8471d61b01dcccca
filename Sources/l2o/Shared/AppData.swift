import ArgumentParser
import Datasets
import Optimizees

/// The data of the command's optimizees: MNIST from a folder, the built-in digits drawn afresh.
///
/// `OptimizeeCatalogue` asks for each when an optimizee first needs it, and keeps it.
struct AppData: DataProvider {
    /// What `--data-dir` says; nil for the environment and the cache folder, see `DataFolder`.
    let folder: String?

    func mnistTraining() throws -> LabeledImages {
        try MNIST.load(dataFolder: DataFolder.resolve(folder)).training
    }

    /// Always the same 20,000: the seed of a run draws problems, not their data set.
    func digitsTraining() throws -> LabeledImages { Digits.generate(count: 20_000, seed: 0) }
}

/// What every `--data-dir` says of itself.
let dataFolderHelp = ArgumentHelp(
    "Folder that contains mnist/; else L2O_DATA_DIR, else the user's cache.", valueName: "folder")
