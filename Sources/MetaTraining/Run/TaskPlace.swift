import Files
import LearnedOptimizers
import NumericCore
import Optimizees
import Optimizers

/// A place of the meta-batch: which task is under way there, how far it is, and the run itself.
///
/// Unchecked: a place's run belongs to whoever runs its jobs; all else changes between jobs.
final class TaskPlace<Learned: LearnedOptimizer>: @unchecked Sendable {
    /// The task, from 0, and which of its runs.
    let task: Int
    let member: Int
    /// The task under way; nil between two.
    var ticket: TaskTicket?
    private var run: (any TaskRun<Learned>)?
    /// What the slopes of a task that another process runs are along.
    private var perturbation: Perturbation?

    init(task: Int, member: Int) {
        self.task = task
        self.member = member
    }

    /// Runs a period; begins the task where it has not begun.
    ///
    /// - Precondition: there is a ticket.
    func runPeriod(
        _ optimizer: Learned, _ period: PeriodSettings, _ estimator: any MetaGradientEstimator, _ drawer: TaskDrawer
    ) -> PeriodResult {
        guard let ticket else { preconditionFailure("a task is under way") }
        let run =
            run
            ?? estimator.run(
                drawer.task(task, member: member, iteration: ticket.iteration, burnIn: ticket.burnIn), optimizer)
        self.run = run
        return run.runPeriod(optimizer, period)
    }

    /// Counts a period, and ends the task where it was the last.
    func advance(endsEarly: Bool) {
        guard var ticket else { return }
        ticket.done += 1
        let isOver = endsEarly || ticket.done >= ticket.periods
        self.ticket = ticket
        if isOver { end() }
    }

    /// Ends the task.
    func end() {
        ticket = nil
        run = nil
        perturbation = nil
    }

    /// The meta-gradient of the period that a result of another process is of.
    ///
    /// - Precondition: there is a ticket, and the period is not counted yet.
    func gradient(
        of result: PeriodResult, _ optimizer: Learned, _ period: PeriodSettings,
        _ estimator: any MetaGradientEstimator, _ drawer: TaskDrawer
    ) -> [Float] {
        guard let slope = result.slope, result.gradient.isEmpty, let ticket else { return result.gradient }
        let key = drawer.noiseKey(task, member: member, iteration: ticket.iteration)
        guard var perturbation = perturbation ?? estimator.perturbation(key: key, of: optimizer) else {
            preconditionFailure("an estimator of slopes says what they are along")
        }
        // All of them, where the task was taken up under way.
        let first = ticket.burnIn / period.unroll
        while perturbation.periods <= ticket.done { perturbation.begin(period: first + perturbation.periods) }
        self.perturbation = perturbation
        return perturbation.gradient(slope: slope, count: optimizer.metaParameters.count)
    }

    func record(_ optimizer: Learned) -> StateRecord { run?.record(optimizer) ?? StateRecord.empty }

    /// Takes up a task where a checkpoint left it.
    ///
    /// - Precondition: its ticket is there.
    /// - Throws: `InputError` where its record does not fit.
    func resume(
        _ record: StateRecord, _ optimizer: Learned, _ estimator: any MetaGradientEstimator, _ drawer: TaskDrawer
    ) throws {
        guard let ticket else { preconditionFailure("a task is under way") }
        run = try estimator.run(
            drawer.task(task, member: member, iteration: ticket.iteration), optimizer, from: record)
    }
}

/// Which task is under way, and how far it is.
struct TaskTicket: Sendable, Equatable {
    /// The meta-iteration in which it began, from 0.
    let iteration: Int
    /// How many periods it has, and how many of them are done.
    let periods: Int
    /// Steps before the first period.
    var burnIn = 0
    var done = 0
}
