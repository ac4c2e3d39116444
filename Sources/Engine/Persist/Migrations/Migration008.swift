// A missing picture has a reason, and a failed line says that it was about pictures.

enum Migration008 {
    static let sql = """
        -- Rows of the stage `images`: why each missing picture is missing, `{url: {"reason", "trial"}}`. NULL if none
        -- is missing, and in rows of earlier versions.
        ALTER TABLE lot_results ADD COLUMN missing_reasons text;

        -- The provider refused pictures, and the lot is sent again without them. Such a failure is no attempt.
        ALTER TABLE line_failures ADD COLUMN pictures boolean NOT NULL DEFAULT false;
        """
}
