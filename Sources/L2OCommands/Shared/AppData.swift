import ArgumentParser
import Datasets
import Optimizees

/// The data of the command's optimizees: MNIST and CIFAR-10 from a folder, the built-in digits drawn afresh.
///
/// `OptimizeeCatalogue` asks for each when an optimizee first needs it, and keeps it.
struct AppData: DataProvider {
    /// What `--data-dir` says; nil for the environment and the cache folder, see `DataFolder`.
    let folder: String?

    /// What a command works on that was told nothing: MNIST where it is there, else digits that are built in.
    var usualOptimizee: String {
        get throws {
            let folder = try DataFolder.resolve(folder)
            return MNIST.missingFiles(dataFolder: folder).isEmpty ? "mnist-mlp" : "digits-mlp"
        }
    }

    func mnist() throws -> ImageSplit {
        let data = try MNIST.load(dataFolder: DataFolder.resolve(folder))
        return ImageSplit(training: data.training, heldOut: HeldOutImages(data.test))
    }

    /// Says on standard error where it is not all there.
    func cifar10() throws -> ImageSplit {
        let data = try CIFAR10.load(dataFolder: DataFolder.resolve(folder))
        if data.batches.count < CIFAR10.batchCount {
            let names = data.batches.map(String.init).joined(separator: ", ")
            Output.note(
                "cifar-10: only data_batch \(names) of 5 is here: training on \(data.training.count) images\n")
        }
        if data.test == nil { Output.note("cifar-10: test_batch is not here: there will be no held-out loss\n") }
        return ImageSplit(training: data.training, heldOut: data.test.map { HeldOutImages($0) })
    }

    /// Always the same 20,000, and the same 5,000 held out: the seed of a run draws problems, not their data set.
    func digits() throws -> ImageSplit {
        ImageSplit(
            training: Digits.generate(count: 20_000, seed: 0),
            heldOut: HeldOutImages(named: "digits-5000-seed1") { Digits.generate(count: 5_000, seed: 1) })
    }
}

/// What every `--data-dir` says of itself.
let dataFolderHelp = ArgumentHelp(
    "Folder that contains mnist/ and the like; else L2O_DATA_DIR, else the user's cache.", valueName: "folder")
