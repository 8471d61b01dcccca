import Files
public import Statistics

/// A table whose cells know their numbers: text, CSV and HTML are three renderings of the same rows.
public struct DataTable: Sendable {
    /// A column's heading.
    public struct Column: Sendable {
        /// The heading.
        public var title: String
        /// Its fields in CSV: one, or three for a number with its interval.
        public var fields: [String]
        /// Whether it holds numbers, which stand at the right.
        public var isNumeric: Bool
        /// What it means; empty where the heading says it all.
        public var help: String

        /// - Precondition: there is a field.
        public init(_ title: String, _ fields: String..., isNumeric: Bool = true, help: String = "") {
            precondition(!fields.isEmpty, "a column has a field in CSV")
            self.title = title
            self.fields = fields
            self.isNumeric = isNumeric
            self.help = help
        }

        /// A number with the ends of its interval.
        public static func estimate(_ title: String, _ field: String, help: String = "") -> Column {
            var column = Column(title, field, help: help)
            column.fields += ["\(field)_low", "\(field)_high"]
            return column
        }
    }

    /// What stands in a row and column.
    public struct Cell: Sendable {
        /// What is read first.
        public var text: String
        /// What is read next, as an interval; may be empty.
        public var detail: String
        /// What CSV has, one for each of the column's fields, in full precision.
        public var values: [String]
        /// Where it belongs when rows are sorted; nil for words, and for a cell without a number, which comes last.
        public var order: Double?

        /// Makes a cell from its parts.
        public init(_ text: String, detail: String = "", values: [String]? = nil, order: Double? = nil) {
            self.text = text
            self.detail = detail
            self.values = values ?? [text]
            self.order = order
        }

        /// A number, or nothing.
        public static func number(_ value: Double?, digits: Int = 4, detail: String = "") -> Cell {
            guard let value, !value.isNaN else { return Cell("") }
            return Cell(numberText(value, digits: digits), detail: detail, values: ["\(value)"], order: value)
        }

        /// A whole number, or nothing.
        public static func count(_ value: Int?, detail: String = "") -> Cell {
            guard let value else { return Cell("") }
            return Cell(
                numberText(Double(value), digits: 15, trimsZeros: true), detail: detail, values: ["\(value)"],
                order: Double(value))
        }

        /// A number and its interval.
        public static func estimate(_ estimate: Estimate?, digits: Int = 4) -> Cell {
            guard let estimate, !estimate.value.isNaN else { return Cell("", values: ["", "", ""]) }
            let ends = [estimate.low, estimate.high]
            return Cell(
                numberText(estimate.value, digits: digits),
                detail: estimate.hasInterval ? ends.map { numberText($0, digits: 3) }.joined(separator: " – ") : "",
                values: ["\(estimate.value)"] + ends.map { $0.isNaN ? "" : "\($0)" }, order: estimate.value)
        }
    }

    /// A row of cells.
    public struct Row: Sendable {
        /// One for each column.
        public var cells: [Cell]
        /// Whether it is what the table is about.
        public var isStrong: Bool

        /// A row.
        public init(_ cells: [Cell], isStrong: Bool = false) {
            self.cells = cells
            self.isStrong = isStrong
        }
    }

    /// The columns.
    public private(set) var columns: [Column]
    /// The rows, each with a cell for every column.
    public private(set) var rows: [Row]

    /// A table without those columns that are empty in every row.
    ///
    /// - Precondition: each row has a cell for each column, each cell a value for each of the column's fields.
    public init(_ columns: [Column], rows: [Row]) {
        for row in rows {
            precondition(row.cells.count == columns.count, "a row has a cell for each column")
            precondition(
                zip(columns, row.cells).allSatisfy { $0.fields.count == $1.values.count }, "fields have values")
        }
        let shown = columns.indices.filter { column in
            rows.contains { !$0.cells[column].text.isEmpty }
        }
        self.columns = shown.map { columns[$0] }
        self.rows = rows.map { row in Row(shown.map { row.cells[$0] }, isStrong: row.isStrong) }
    }

    /// The table for terminals.
    public var text: TextTable {
        TextTable(
            columns.map { .init($0.title, $0.isNumeric ? .right : .left) },
            rows: rows.map { row in
                row.cells.map { $0.detail.isEmpty ? $0.text : "\($0.text) (\($0.detail))" }
            })
    }

    /// The table as CSV (RFC 4180), numbers in full precision.
    public var csv: String {
        var csv = CSV(columns.flatMap(\.fields))
        for row in rows { csv.add(row.cells.flatMap(\.values).map { .text($0) }) }
        return csv.text
    }
}
