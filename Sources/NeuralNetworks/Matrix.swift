import COneDNN

/// A row-major matrix in memory that someone else owns.
struct Matrix {
    let data: UnsafePointer<Float>
    /// Rows and columns as stored.
    let rows: Int
    let columns: Int
    /// The distance from one row to the next.
    let stride: Int
    private(set) var isTransposed = false

    init(_ data: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int? = nil) {
        self.data = data
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    /// The same memory, read as the transpose.
    var transposed: Matrix {
        var other = self
        other.isTransposed.toggle()
        return other
    }

    /// Rows and columns as read.
    var shape: (rows: Int, columns: Int) { isTransposed ? (columns, rows) : (rows, columns) }
}

/// Overwrites `output`, row-major with rows `stride` apart, with the product of two matrices.
///
/// Cost: `a.rows · a.columns · b.columns` multiply-adds by oneDNN's `sgemm`.
///
/// oneDNN runs on OpenMP, whose idle threads spin and so steal the cores from the threads that work on other
/// tasks; besides, how it splits a product changes the rounding. So it always runs in the calling thread alone.
/// OpenMP keeps that setting per thread and calls arrive on any thread: it is set in each call, for 3 ns.
func multiply(_ a: Matrix, _ b: Matrix, into output: UnsafeMutablePointer<Float>, stride: Int) {
    let (rows, depth) = a.shape
    let columns = b.shape.columns
    precondition(depth == b.shape.rows, "the product's inner dimensions differ")
    omp_set_num_threads(1)
    let status = dnnl_sgemm(
        a.transposeCode, b.transposeCode, Int64(rows), Int64(columns), Int64(depth),
        1, a.data, Int64(a.stride), b.data, Int64(b.stride),
        0, output, Int64(stride))
    precondition(status == dnnl_success, "oneDNN refused a matrix product")
}

extension Matrix {
    fileprivate var transposeCode: CChar { CChar(UInt8(ascii: isTransposed ? "T" : "N")) }
}

/// Overwrites `output`, dense `columns × rows`, with the transpose of a dense `rows × columns` matrix.
func transpose(_ input: UnsafePointer<Float>, rows: Int, columns: Int, into output: UnsafeMutablePointer<Float>) {
    for column in 0..<columns {
        let target = output + column * rows
        for row in 0..<rows {
            target[row] = input[row * columns + column]
        }
    }
}
