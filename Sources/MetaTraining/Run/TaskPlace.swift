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
        self.ticket = isOver ? nil : ticket
        if isOver { run = nil }
    }

    func record(_ optimizer: Learned) -> StateRecord { run?.record(optimizer) ?? StateRecord.empty }

    /// Takes up a task where a checkpoint left it.
    ///
    /// - Throws: `InputError` where its record does not fit.
    func resume(
        _ underWay: TaskUnderWay, _ optimizer: Learned, _ estimator: any MetaGradientEstimator, _ drawer: TaskDrawer
    ) throws {
        let ticket = underWay.ticket
        run = try estimator.run(
            drawer.task(task, member: member, iteration: ticket.iteration), optimizer, from: underWay.record)
        self.ticket = ticket
    }
}

/// Which task is under way, and how far it is.
struct TaskTicket: Sendable, Equatable {
    /// The meta-iteration in which it began, from 0.
    let iteration: Int
    /// How many periods it has, and how many of them are done.
    let periods: Int
    /// Steps before the first period; of no account once that is done.
    var burnIn = 0
    var done = 0
}
