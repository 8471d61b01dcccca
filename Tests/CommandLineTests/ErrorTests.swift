import Testing

/// Arguments that cannot be used, the exit code, and a part of what has to be said.
struct BadCall: Sendable, CustomTestStringConvertible {
    let arguments: String
    let says: String

    init(_ arguments: String, _ says: String) { (self.arguments, self.says) = (arguments, says) }

    var testDescription: String { arguments }
}

private let train = "meta-train --optimizer rnnprop --optimizee quadratic --out /dev/null/runs"
private let race = "race --optimizee rosenbrock --optimizer adam"

@Suite struct ErrorTests {
    @Test(arguments: [
        BadCall("explain rnnprop --steps 9", "give a number from 10 to 1000000"),
        BadCall("\(race) rnnprop --axis minutes", "minutes: give steps or seconds"),
        BadCall("rcae", "did you mean race?"),
        BadCall("--verison", "did you mean --version?"),
        BadCall("data fecth mnist", "did you mean fetch?"),
        BadCall("list", "<subject>"),
        BadCall("list optimizes", "'optimizees'"),
        BadCall("race --optimizee rosenbrock", "--optimizer"),
        BadCall("race --optimizee rosenbrock --optimzer adam", "did you mean --optimizer?"),
        BadCall("\(race) --steps 0", "--steps 0"),
        BadCall("\(race) --steps -5", "--steps -5"),
        BadCall("\(race) --steps 99999999999999999999", "--steps"),
        BadCall("\(race) --problems 0", "--problems 0"),
        BadCall("\(race) --seed -1", "--seed"),
        BadCall("\(race) --threads 0", "--threads 0"),
        BadCall("\(race) --threads many", "many"),
        BadCall("meta-train --optimizer rnnprop --optimizee quadratic --out runs", "--iterations"),
        BadCall("\(train) --iterations 0", "--iterations 0"),
        BadCall("\(train) --iterations -1", "--iterations -1"),
        BadCall("\(train) --iteratons 9", "did you mean --iterations?"),
        BadCall("\(train) --iterations 9 --horizon 30 --unroll 20", "multiple of --unroll, which is 20"),
        BadCall("\(train) --iterations 9 --unroll -20", "--unroll -20"),
        BadCall("\(train) --iterations 9 --meta-learning-rate nan", "--meta-learning-rate nan"),
        BadCall("\(train) --iterations 9 --scaling -1", "--scaling -1"),
        BadCall("\(train) --iterations 9 --keep 1.5", "--keep 1.5"),
        BadCall("\(train) --iterations 9 --selection avrage", "'average'"),
        BadCall("\(train) --iterations 9 --checkpoint-every 0", "--checkpoint-every 0"),
        BadCall("quickstart --iterations -1", "--iterations -1"),
    ])
    func wrongArguments(_ call: BadCall) throws {
        let outcome = try l2o(words(call.arguments))
        #expect(outcome.exitCode == 64)
        #expect(outcome.output.isEmpty)
        let first = try #require(outcome.errorLines.first)
        #expect(first.hasPrefix("l2o: ") && first.contains(call.says), "\(first)")
        #expect(outcome.errorLines.count <= 2, "one line, and where to find help")
    }

    @Test(arguments: [
        BadCall("race --optimizee rosenbrok --optimizer adam", "did you mean rosenbrock?"),
        BadCall("race --optimizee rosenbrock:m=3 --optimizer adam", "has no option m"),
        BadCall("race --optimizee rosenbrock --optimizer adm", "did you mean adam?"),
        BadCall("race --optimizee rosenbrock --optimizer rnprop", "did you mean rnnprop?"),
        BadCall("\(race) rnnprop --rivals /dev/null/none", "holds no weight file"),
        BadCall("\(race) rnnprop:state=hlf", "did you mean state=half?"),
        BadCall("\(race) rnnprop rnnprop", "rnnprop: is given twice"),
        BadCall("race --optimizee rosenbrock --optimizer adam:lr=abc", "lr cannot be \"abc\""),
        BadCall("\(race) adam", "given twice"),
        BadCall("\(race):lr=0.03125 adam:lr=2^-5", "the same optimizer as adam:lr=0.03125"),
        BadCall("\(race) missing.safetensors", "missing.safetensors: cannot be opened"),
        BadCall("\(race) no/such/file", "no/such/file: cannot be opened"),
        BadCall("\(race) --out /dev/null/runs", "/dev/null: cannot be made"),
        BadCall("\(race) --steps 10000000 --problems 100000", "GB of memory"),
        BadCall(
            "race --optimizee sine-lstm:hidden=1000,length=1000,batch=1000000 --optimizer adam", "a smaller minibatch"
        ),
        BadCall(
            "race --optimizee digits-cnn:width=4096,layers=c-p-c-p-c-p-c-f --optimizer adam", "take fewer parameters"),
        BadCall("race --optimizee mnist-mlp --optimizer adam --data-dir /dev/null", "l2o data fetch mnist"),
        BadCall("\(train) --iterations 9", "/dev/null: cannot be made"),
        BadCall("\(train) --iterations 9 --resume", "/dev/null/runs: holds no meta-training run to continue"),
        BadCall("meta-train --optimizer rnprop --optimizee x --iterations 9 --out x", "did you mean rnnprop?"),
        BadCall("meta-train --optimizer dm --optimizee quadratc --iterations 9 --out x", "did you mean quadratic?"),
        BadCall("\(train) --iterations 9 --from rnnprop-papre", "did you mean rnnprop-paper?"),
        BadCall("inspect missing.safetensors", "cannot be opened"),
        BadCall("inspect rnnprp", "did you mean rnnprop?"),
        BadCall("inspect rnnprop --out /dev/null", "/dev/null: is not a regular file"),
        BadCall("inspect /dev/null", "is not a regular file"),
        BadCall("explain adam:lr=sweep", "still to be searched for"),
        BadCall("explain gatepropp", "did you mean gateprop?"),
        BadCall("data fetch mnsit", "did you mean mnist?"),
        BadCall("data fetch digits", "built in"),
    ])
    func whatCannotBeUsed(_ call: BadCall) throws {
        let outcome = try l2o(words(call.arguments))
        #expect(outcome.exitCode == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errorLines.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("l2o: ") && outcome.errors.contains(call.says), "\(outcome.errors)")
    }

    @Test func impossibleKernelsStopEveryCommand() throws {
        let outcome = try l2o(["list", "optimizers"], environment: ["L2O_KERNELS": "mmx"])
        #expect(outcome.exitCode == 1)
        #expect(outcome.errorLines.count == 1 && outcome.errors.contains("baseline"), "\(outcome.errors)")
    }

    @Test(arguments: ["race --optimizee rosenbrock --optimizer adam", "quickstart", "meta-train --iterations 9"])
    func emptyFolderIsNotTheRootFolder(_ command: String) throws {
        let kind = command.hasPrefix("meta") ? words("--optimizer rnnprop --optimizee quadratic") : []
        let outcome = try l2o(words(command) + kind + ["--out", ""])
        #expect(outcome.exitCode == 1)
        #expect(outcome.errors == "l2o: the folder: has no name; give one, or . for this one\n")
    }
}
