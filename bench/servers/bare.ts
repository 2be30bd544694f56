/** How fast is the framework alone? Hono, a POST with a JSON body, no work. */
import { Hono } from "hono";

const app = new Hono();
app.post("/api/coupons/claim", async (context) => {
  const { user_id, coupon_name } = await context.req.json();
  return context.json({ message: "ok", user_id, coupon_name });
});

const port = Number(Deno.args[0] ?? 0);
Deno.serve({ hostname: "127.0.0.1", port, onListen: ({ port }) => console.log(`listening ${port}`) }, app.fetch);
